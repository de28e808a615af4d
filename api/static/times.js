// Shows moments in the reader's own time zone; without this script they stand there in UTC.
"use strict";
// What the house writes in English has the days of Europe: 4 December, 16:30.
const speaks = document.documentElement.lang === "en" ? "en-GB" : document.documentElement.lang;
for (const time of document.querySelectorAll("time[datetime]")) {
  const moment = new Date(time.dateTime);
  if (Number.isNaN(moment.getTime())) continue;
  time.title = time.textContent;
  time.textContent = moment.toLocaleString(speaks, {
    dateStyle: "long",
    timeStyle: "short",
  });
}
