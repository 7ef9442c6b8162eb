"use strict";

// The report's data, unpacked. A "slot" counts the tokens of the shown frames: slot = place among them × tokens per
// frame + position. A "token" counts those of all frames. They differ only where there are too many frames to show.

const report = JSON.parse(document.getElementById("data").textContent);
const { positions, columns, stages, segments } = report;
const rows = Math.ceil(positions / columns);
const lastLevel = stages.length;
const tokenTotal = report.frames * positions;
const allShown = report.shown.length === report.frames;

// A method that does not explain itself says only when a token left.
const leftAt = unpack(report.leftAt);
const similarity = orElse(unpack(report.similarity), NaN);
const mergedInto = orElse(unpack(report.mergedInto), -1);
const holderLeftAt = orElse(unpack(report.holderLeftAt), -1);
const absorbed = orElse(unpack(report.absorbed), 0);

// The tokens that each level still has: the input, then after each stage.
const inputNames = { merge: "Merged", window: "Window" };
const levels = [{ name: "Input", count: tokenTotal }].concat(stages.map(({ rule, layer, after }) => ({
  name: layer === null ? inputNames[rule] ?? "Entered" : `Layer ${layer}`,
  count: after,
})));

const frameShownAt = new Map(report.shown.map((frame, at) => [frame, at]));
const frameOf = (slot) => report.shown[Math.floor(slot / positions)];
const positionOf = (slot) => slot % positions;
const tokenOf = (slot) => frameOf(slot) * positions + positionOf(slot);
const timeOf = (frame) => report.times[frame] ?? 0;
const segmentOfFrame = new Int32Array(report.frames).fill(-1);
for (const { index, firstFrame, lastFrame } of segments) segmentOfFrame.fill(index, firstFrame, lastFrame + 1);
const segmentOf = (frame) => segments[segmentOfFrame[frame]] ?? null;
const isThere = (slot, level) => leftAt[slot] < 0 || leftAt[slot] >= level;

function slotOf(token) {
  const at = token < 0 ? undefined : frameShownAt.get(Math.floor(token / positions));
  return at === undefined ? -1 : at * positions + (token % positions);
}

// Stage arrays list only the tokens that were there before the stage.
const figures = stages.map((stage, index) => {
  const place = new Int32Array(leftAt.length).fill(-1);
  let next = 0;
  for (let slot = 0; slot < leftAt.length; slot++) {
    if (isThere(slot, index)) place[slot] = next++;
  }
  const arrays = {};
  for (const name of ["relevance", "place", "gain", "rank", "winner", "winnerRelevance"]) arrays[name] = stage[name] && unpack(stage[name]);
  return { place, arrays };
});

/** A stage's figure of a token; null where there is none. */
function figure(stage, name, slot) {
  const { place, arrays } = figures[stage];
  const value = place[slot] < 0 || !arrays[name] ? NaN : arrays[name][place[slot]];
  return Number.isNaN(value) || (arrays[name] instanceof Int32Array && value < 0) ? null : value;
}

/** The tokens before and after a stage of what it chose from together: a segment, or all where there are none. */
function choice(segment, stage) {
  return segment ? { before: segment.counts[stage], after: segment.counts[stage + 1] } : stages[stage];
}

/** The slots, as far as they are shown, of the tokens that were merged into one: the same place in the frames after it. */
function mergedHere(slot) {
  const token = tokenOf(slot);
  return Array.from({ length: absorbed[slot] }, (_, i) => slotOf(token + (i + 1) * positions)).filter((other) => other >= 0);
}

function orElse(values, none) {
  return values.length > 0 ? values : new Array(report.shown.length * positions).fill(none);
}

function unpack({ type, base64 }) {
  const text = atob(base64.replaceAll("-", "+").replaceAll("_", "/"));
  const bytes = Uint8Array.from(text, (c) => c.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  const size = Number(type[1]);
  const read = {
    i1: (at) => view.getInt8(at),
    i2: (at) => view.getInt16(at, true),
    i4: (at) => view.getInt32(at, true),
    f2: (at) => halfToNumber(view.getUint16(at, true)),
  }[type];
  const values = type === "f2" ? new Float32Array(bytes.length / 2) : new Int32Array(bytes.length / size);
  for (let i = 0; i < values.length; i++) values[i] = read(i * size);
  return values;
}

// 1 sign bit, 5 of exponent, 10 of fraction.
function halfToNumber(bits) {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15));
}

// Numbers as readers want them.
const whole = (n) => Math.round(n).toLocaleString("en-US");
const percent = (share) => `${(share * 100).toFixed(1).replace(/\.0$/, "")} %`;
const seconds = (s) => (s >= 100 ? s.toFixed(0) : s >= 10 ? s.toFixed(1) : s >= 0.0995 ? s.toFixed(2) : s.toFixed(3)) + " s";
const plural = (n, noun) => `${whole(n)} ${noun}${n === 1 ? "" : "s"}`;

/** A time in the video: 12.4 s in short ones, 2:19 in long ones. */
function clock(s) {
  if (report.answer.video.durationSeconds < 100) return `${s.toFixed(1)} s`;
  const all = Math.round(s);
  const two = (n) => String(n).padStart(2, "0");
  const hours = Math.floor(all / 3600);
  const minutes = Math.floor(all / 60) % 60;
  return hours > 0 ? `${hours}:${two(minutes)}:${two(all % 60)}` : `${minutes}:${two(all % 60)}`;
}

function ordinal(n) {
  const tail = n % 100 >= 11 && n % 100 <= 13 ? "th" : { 1: "st", 2: "nd", 3: "rd" }[n % 10] ?? "th";
  return whole(n) + tail;
}

/** Two decimals, or a power of ten where those would be nothing. */
function digits(value) {
  const size = Math.abs(value);
  if (size === 0) return "0";
  if (size >= 0.01) return value.toFixed(2);
  const power = Math.floor(Math.log10(size));
  const raised = [...String(-power)].map((digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[digit]).join("");
  return `${(value / 10 ** power).toFixed(1)} × 10⁻${raised}`;
}
