// The live camera and the typed code of the pages /scan and /offline.
import { judge, parse } from "/static/code.js";

const FRAME_PIXELS = 640;
const FRAME_QUALITY = 0.6;
const LOOK_MS = 100; // between two looks of the phone's own detector
const FRAME_MS = 250; // from one frame to the next, when the house reads them
const BACK_OFF_MS = 8_000; // at most, while the house has no time

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// Shows one of the sentences that the page brings along.
function say(stage, name) {
  for (const text of stage.querySelectorAll("[data-says]")) text.hidden = text.dataset.says !== name;
}

// The phone's own detector, where it really reads QR codes; some offer one that reads nothing.
async function ownDetector() {
  try {
    const formats = (await globalThis.BarcodeDetector?.getSupportedFormats()) ?? [];
    return formats.includes("qr_code") ? new BarcodeDetector({ formats: ["qr_code"] }) : null;
  } catch {
    return null;
  }
}

class Camera {
  constructor(stage) {
    this.stage = stage;
    this.base = stage.dataset.base;
    this.video = stage.querySelector("video");
    this.finder = stage.querySelector(".finder");
    this.button = stage.querySelector("[data-start]");
    this.torch = stage.querySelector("[data-torch]");
    this.stream = null;
    this.wanted = false;
    this.button.addEventListener("click", () => this.start());
    this.torch.addEventListener("click", () => this.light());
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) this.stop();
      else if (this.wanted) this.start();
    });
    addEventListener("pagehide", () => this.stop());
    addEventListener("pageshow", (event) => event.persisted && this.wanted && this.start());
  }

  // Starts by itself where the camera was allowed before; else a tap asks for it.
  async offer() {
    this.stage.hidden = false;
    if (!navigator.mediaDevices?.getUserMedia) return this.absent("absent");
    if ("alone" in this.stage.dataset && !(await ownDetector())) return this.absent("blind");
    say(this.stage, "off");
    const allowed = await navigator.permissions?.query({ name: "camera" }).catch(() => null);
    if (allowed?.state === "granted") await this.start();
  }

  absent(why) {
    this.stop();
    this.wanted = false;
    this.button.hidden = why === "absent" || why === "blind";
    say(this.stage, why);
  }

  async start() {
    if (this.stream || this.asking) return;
    this.wanted = this.asking = true;
    say(this.stage, "asking");
    try {
      this.stream = await navigator.mediaDevices.getUserMedia({
        audio: false,
        video: { facingMode: "environment", width: { ideal: 1280 }, height: { ideal: 720 } },
      });
    } catch (trouble) {
      const why = { NotAllowedError: "refused", NotReadableError: "busy" }[trouble.name];
      return this.absent(why ?? "absent");
    } finally {
      this.asking = false;
    }
    if (document.hidden) return this.stop();
    this.video.srcObject = this.stream;
    this.finder.hidden = false;
    this.button.hidden = true;
    const [track] = this.stream.getVideoTracks();
    track.addEventListener("ended", () => this.absent("busy"));
    this.torch.hidden = !track.getCapabilities?.().torch;
    this.torch.setAttribute("aria-pressed", "false");
    say(this.stage, "looking");
    await this.video.play().catch(() => {});
    await this.watch(this.stream);
  }

  stop() {
    for (const track of this.stream?.getTracks() ?? []) track.stop();
    this.stream = this.video.srcObject = null;
    this.finder.hidden = true;
    this.button.hidden = false;
  }

  async light() {
    const on = this.torch.getAttribute("aria-pressed") !== "true";
    const [track] = this.stream?.getVideoTracks() ?? [];
    try {
      await track.applyConstraints({ advanced: [{ torch: on }] });
      this.torch.setAttribute("aria-pressed", String(on));
    } catch {
      this.torch.hidden = true;
    }
  }

  // Looks until a code of ours is in sight; one look at a time.
  async watch(stream) {
    const detector = await ownDetector();
    const look = detector ? () => this.detect(detector) : () => this.ask();
    while (this.stream === stream) {
      const began = performance.now();
      const { codes, wait } = await look();
      if (this.stream !== stream) return;
      if (codes.length) return this.found(codes);
      await pause(Math.max(20, wait - (performance.now() - began)));
    }
  }

  async detect(detector) {
    const seen = await detector.detect(this.video).catch(() => []);
    const read = seen.map((one) => parse(one.rawValue, this.base));
    const codes = [...new Set(read.filter((code) => code && code !== "foreign"))];
    say(this.stage, read.length && !codes.length ? "foreign" : "looking");
    return { codes, wait: LOOK_MS };
  }

  // Has the house look at a frame.
  async ask() {
    const frame = await this.frame();
    if (!frame) return { codes: [], wait: LOOK_MS };
    const body = new FormData();
    body.append("photo", frame, "frame.jpg");
    try {
      const answer = await fetch("/api/v1/frames", { method: "POST", body, credentials: "omit" });
      if (answer.ok) {
        this.backOff = 0;
        say(this.stage, "looking");
        return { codes: (await answer.json()).codes.map((seen) => seen.code), wait: FRAME_MS };
      }
      if (answer.status !== 503 && answer.status !== 429) return { codes: [], wait: FRAME_MS };
      const asked = 1000 * (Number(answer.headers.get("Retry-After")) || 1);
      this.backOff = Math.min(BACK_OFF_MS, Math.max(asked, 2 * (this.backOff ?? 0)));
      return { codes: [], wait: this.backOff };
    } catch {
      say(this.stage, "offline");
      return { codes: [], wait: 2000 };
    }
  }

  async frame() {
    const { videoWidth: width, videoHeight: height } = this.video;
    if (!width) return null;
    const scale = Math.min(1, FRAME_PIXELS / Math.max(width, height));
    this.canvas ??= document.createElement("canvas");
    this.canvas.width = Math.round(width * scale);
    this.canvas.height = Math.round(height * scale);
    this.canvas
      .getContext("2d", { alpha: false })
      .drawImage(this.video, 0, 0, this.canvas.width, this.canvas.height);
    return new Promise((resolve) => this.canvas.toBlob(resolve, "image/jpeg", FRAME_QUALITY));
  }

  // Opens the page of the code, where one tap gives; of several codes, a list to tick.
  found(codes) {
    navigator.vibrate?.(60);
    this.stop();
    say(this.stage, "found");
    const several = new URLSearchParams(codes.map((code) => ["code", code]));
    location.assign(codes.length === 1 ? `/t/${codes[0]}` : `/scan?${several}`);
  }
}

// Says at once when a typed code cannot be one.
function watchTyping(field, says, base) {
  const tell = () => {
    const verdict = judge(field.value, base);
    say(says, verdict);
    const wrong = ["strange", "long", "mistyped", "foreign"].includes(verdict);
    if (wrong) field.setAttribute("aria-invalid", "true");
    else field.removeAttribute("aria-invalid");
  };
  field.addEventListener("input", tell);
  if (field.value) tell();
}

const stage = document.querySelector("[data-camera]");
const typed = document.getElementById("code");
if (typed) watchTyping(typed, document.querySelector("[data-typed]"), stage.dataset.base);
if (stage) new Camera(stage).offer();
