// Codes, read as qr/code.py reads them; the house has the last word.
const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const LENGTH = 13;
const PAYLOAD_LIMIT = 200;
const ADDRESS = /^(https?):\/\/([a-z0-9._-]+|\[[0-9a-f:.]+\])(?::([0-9]{1,5}))?((?:[/?#][!-~]*)?)$/;
const PATH = /^\/t\/([0-9a-hjkmnp-tv-z]{13})\/?$/;
const DEFAULT_PORT = { http: 80, https: 443 };

// The sum over GF(32), built with x^5 + x^2 + 1, by Horner's rule; zero for a code.
function weightedSum(text) {
  let sum = 0;
  for (const character of text) {
    sum = (sum & 16 ? (sum << 1) ^ 0b100101 : sum << 1) ^ ALPHABET.indexOf(character);
  }
  return sum;
}

const isAscii = (text) => /^[\x00-\x7f]*$/.test(text);
const isCode = (text) =>
  text.length === LENGTH && [...text].every((c) => ALPHABET.includes(c)) && weightedSum(text) === 0;

// What was typed, with look-alikes forgiven.
const plain = (text) =>
  text.toUpperCase().replace(/[IL]/g, "1").replace(/O/g, "0").replace(/[ -]/g, "");

function origin(found) {
  const port = found[3] ? Number(found[3]) : DEFAULT_PORT[found[1]];
  return `${found[2]} ${port === DEFAULT_PORT[found[1]] ? "" : port}`;
}

// Gives the 13 characters, or "foreign" for another house's address, or null.
export function parse(payload, base) {
  if (payload.length > PAYLOAD_LIMIT || !isAscii(payload)) return null;
  const text = payload.replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, "");
  const found = ADDRESS.exec(text.toLowerCase());
  if (!found) return isCode(plain(text)) ? plain(text) : null;
  if (origin(found) !== origin(ADDRESS.exec(base.toLowerCase()))) return "foreign";
  const code = PATH.exec(found[4])?.[1].toUpperCase();
  return code && isCode(code) ? code : null;
}

// Says of half-typed text: "", "short", "strange", "long", "mistyped" or "good".
export function judge(typed, base) {
  const text = plain(typed.trim());
  if (!text) return "";
  const read = parse(typed, base);
  if (read && read !== "foreign") return "good";
  if (/^HTTPS?:/i.test(typed.trim())) return read ? "foreign" : "short";
  if ([...text].some((character) => !ALPHABET.includes(character))) return "strange";
  if (text.length < LENGTH) return "short";
  return text.length > LENGTH ? "long" : "mistyped";
}

export const grouped = (code) => `${code.slice(0, 4)}-${code.slice(4, 8)}-${code.slice(8)}`;
