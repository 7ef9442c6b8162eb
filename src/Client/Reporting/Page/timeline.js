// The video's time from left to right: segments, overlap with the cuts, budget scores, and what was kept. Each row is a few
// paths, however many frames and segments there are, and what is under the pointer is read out above.

const videoEnd = Math.max(report.answer.video.durationSeconds, timeOf(report.frames - 1), 0.001);
const signed = (value) => (Math.abs(value) < 0.05 ? "0.0" : (value < 0 ? "−" : "+") + Math.abs(value).toFixed(1));

function buildTimeline() {
  const cuts = segments.length - 1;
  document.getElementById("timeline-lead").textContent = [cuts > 0
    ? `${plural(segments.length, "segment")}: a new one begins where fewer than ${percent(report.overlapThreshold)} of a frame's tokens resemble the frame before. Each has its own budget.`
    : "No frame differs enough from the one before it, so the whole video is one segment.", windowText()].join(" ");
  const box = document.getElementById("timeline");
  box.closest("section").hidden = segments.length === 0;
  if (segments.length === 0) return;
  document.getElementById("level-legend").append(...levels.map(({ name }, i) => {
    const swatch = make("i", { class: "swatch" });
    swatch.style.background = `var(--step${Math.min(i, 5)})`;
    return make("li", {}, swatch, name);
  }));
  if (!allShown) document.getElementById("level-legend").append(make("li", {}, make("i", { class: "swatch tick" }), "frame with a picture below"));
  drawToWidth(box, drawTimeline);
  buildSegmentTable();
}

function windowText() {
  const stage = stages.find(({ rule }) => rule === "window");
  return stage ? `Merging left ${plural(stage.before, "token")}, and the model's window has room for ${whole(stage.after)}: each part of the video got a share.` : "";
}

/** A rectangle as part of a path: a row of a thousand is one element. */
const block = (x, y, width, height) => `M${x.toFixed(1)} ${y.toFixed(1)}h${width.toFixed(1)}v${height.toFixed(1)}h${(-width).toFixed(1)}z`;

function drawTimeline(width) {
  const left = 1, right = width - 1;
  const x = (s) => left + (Math.min(s, videoEnd) / videoEnd) * (right - left);
  const spans = segments.map((s) => {
    const [from, to] = [x(s.start), x(s.end)];
    return { ...s, from, wide: Math.max(0.4, to - from - (to - from > 4 ? 1 : 0)) };
  });
  const drawn = [];
  let y = 0;
  const row = (text, high, draw, more = "") => {
    drawn.push(make("text", { x: left, y: y + 12, class: "row" }, text),
      make("text", { x: right, y: y + 12, class: "small", "text-anchor": "end" }, more));
    drawn.push(...draw(y + 22));
    y += high + 46;
  };
  if (!allShown) y += filmstrip(drawn, x, width);
  const top = y;
  row("Segments", 28, (at) => segmentRow(spans, at));
  row("Overlap with the frame before, per sampled frame", 74, (at) => overlapRow(spans, x, at, left, right, top));
  row("Budget score z (above the line: keeps more)", 40, (at) => scoreRow(spans, at, left, right));
  const most = greatestShare();
  row("Share of each segment's tokens kept", 64, (at) => shareRow(spans, at, most), `full height: ${percent(most)}`);
  const longest = Math.max(1, ...report.frameCounts[lastLevel]);
  row("Tokens of each frame left at the end", allShown ? 40 : 48, (at) => frameRow(x, at, right, longest), `full height: ${whole(longest)} of ${whole(positions)}`);
  const floor = y - 24;
  ticks(videoEnd, width).forEach((s, i) => drawn.push(
    make("line", { class: "axis", x1: x(s), x2: x(s), y1: floor, y2: floor + 4 }),
    make("text", { class: "small", x: x(s), y: floor + 17, "text-anchor": i === 0 ? "start" : x(s) > right - 20 ? "end" : "middle" }, clock(s))));
  drawn.push(make("line", { class: "axis", x1: left, x2: right, y1: floor, y2: floor }));
  const svg = drawing(width, floor + 24, `${plural(segments.length, "segment")} over ${clock(videoEnd)}`);
  svg.append(...drawn, cursor(svg, top, floor, (px) => ((px - left) / (right - left)) * videoEnd, x));
  return svg;
}

/** Pictures along the time, as many as fit; returns their height. */
function filmstrip(drawn, x, width) {
  const high = 64, wide = Math.min(130, high * aspect);
  const count = Math.floor(width / (wide + 4));
  if (!pictures.some(Boolean) || count < 1) return 0;
  const pitch = width / count;
  for (let i = 0; i < count; i++) {
    const middle = ((i + 0.5) / count) * videoEnd;
    const distance = (shownAt) => Math.abs(timeOf(report.shown[shownAt]) - middle);
    const best = pictures.reduce((b, picture, shownAt) => (picture && (b < 0 || distance(shownAt) < distance(b)) ? shownAt : b), -1);
    if (distance(best) > videoEnd / count) continue;
    drawn.push(make("image", { href: pictures[best], x: i * pitch + (pitch - wide) / 2, y: 0, width: wide, height: high, preserveAspectRatio: "xMidYMid slice" }));
  }
  return high + 14;
}

function segmentRow(spans, y) {
  const drawn = ["even", "odd"].map((kind) => make("path", { class: `segment ${kind}`,
    d: spans.filter((s) => shadeOf(s) === kind).map((s) => block(s.from, y, s.wide, 28)).join("") }));
  for (const s of spans) {
    const text = String(s.index + 1);
    if (s.wide > 8 + 7 * text.length) drawn.push(make("text", { x: s.from + s.wide / 2, y: y + 19, "text-anchor": "middle" }, text));
  }
  return drawn;
}

function overlapRow(spans, x, top, left, right, cutsFrom) {
  const high = 74;
  const y = (o) => top + high - o * high;
  const drawn = [make("rect", { class: "plot", x: left, y: top, width: right - left, height: high })];
  if (spans.length < (right - left) / 6) {
    drawn.push(make("path", { class: "cut", d: spans.slice(1).map((s) => `M${s.from.toFixed(1)} ${cutsFrom + 50}V${top + high}`).join("") }));
  }
  const points = report.overlap.map((o, f) => [x(timeOf(f)), y(o), f]).slice(1);
  const isCrowded = points.length > (right - left) / 3;
  if (isCrowded) drawn.push(make("path", { class: "band", d: bandOf(points) }));
  else if (points.length > 0) drawn.push(make("path", { class: "curve", d: "M" + points.map(([a, b]) => `${a.toFixed(1)} ${b.toFixed(1)}`).join("L") }));
  const dots = (kind, radius, those) => those.length > 0 && drawn.push(make("path", { class: kind, "stroke-width": 2 * radius,
    d: those.map(([a, b]) => `M${a.toFixed(1)} ${b.toFixed(1)}h0`).join("") }));
  const firsts = new Set(spans.map((s) => s.firstFrame));
  if (points.length <= (right - left) / 6) dots("dot", 2.5, points.filter(([, , f]) => !firsts.has(f)));
  dots("dot cutting", isCrowded ? 1.5 : 4, points.filter(([, , f]) => firsts.has(f)));
  const limit = y(report.overlapThreshold);
  drawn.push(make("line", { class: "limit", x1: left, x2: right, y1: limit, y2: limit }),
    make("text", { class: "limit-text", x: right - 4, y: limit + 14, "text-anchor": "end" }, `cut below ${percent(report.overlapThreshold)}`));
  return drawn;
}

// Where points crowd, the band between the highest and the lowest of each pixel: a low one is a cut and must not vanish.
function bandOf(points) {
  const bins = new Map();
  for (const [a, b] of points) {
    const bin = bins.get(Math.round(a)) ?? [Infinity, -Infinity];
    bins.set(Math.round(a), [Math.min(bin[0], b), Math.max(bin[1], b)]);
  }
  const all = [...bins];
  const line = (side) => side.map(([a, b]) => `${a} ${b.toFixed(1)}`).join("L");
  return `M${line(all.map(([a, [low]]) => [a, low - 0.7]))}L${line(all.map(([a, [, high]]) => [a, high + 0.7]).reverse())}Z`;
}

function scoreRow(spans, y, left, right) {
  const zero = y + 20, most = Math.max(1, ...spans.map((s) => Math.abs(s.score)));
  const tall = (s) => Math.max(0.5, (Math.abs(s.score) / most) * 18);
  const drawn = [
    make("path", { class: "more", d: spans.filter((s) => s.score >= 0).map((s) => block(s.from, zero - tall(s), s.wide, tall(s))).join("") }),
    make("path", { class: "less", d: spans.filter((s) => s.score < 0).map((s) => block(s.from, zero, s.wide, tall(s))).join("") }),
    make("line", { class: "axis", x1: left, x2: right, y1: zero, y2: zero })];
  for (const s of spans) {
    if (s.wide > 44) drawn.push(make("text", { class: "small", x: s.from + s.wide / 2, "text-anchor": "middle", y: s.score >= 0 ? zero + 14 : zero - 5 }, signed(s.score)));
  }
  return drawn;
}

// Where a few per cent enter the model, their steps would not be seen beside the whole, so that the row shows but them.
function greatestShare() {
  const entered = stages.findLastIndex((stage) => stage.layer === null) + 1;
  const shares = segments.map((s) => s.counts[entered] / s.counts[0]).sort((a, b) => a - b);
  // Single frames between cuts may keep more than others; they need not fit.
  const usual = shares[Math.floor(shares.length * 0.95)] * 1.25;
  return usual < 0.3 ? usual : 1;
}

// One bar over another: the height is a share and the width a time, so the areas are tokens.
function shareRow(spans, y, most) {
  const high = 64;
  return levels.map((_, i) => make("path", { class: `step${Math.min(i, 5)}`, d: spans.map((s) => {
    const tall = Math.min(1, s.counts[i] / s.counts[0] / most) * high;
    return block(s.from, y + high - tall, s.wide, tall);
  }).join("") }));
}

function frameRow(x, y, right, most) {
  const high = 40, counts = report.frameCounts[lastLevel];
  const slots = new Map();
  counts.forEach((n, f) => {
    const px = counts.length > right / 3 ? Math.floor(x(timeOf(f))) : x(timeOf(f));
    const [old = 0, wide = 0] = slots.get(px) ?? [];
    slots.set(px, [Math.max(old, n), Math.max(wide, (f + 1 < counts.length ? x(timeOf(f + 1)) : right) - px)]);
  });
  const bars = [...slots].map(([px, [n, wide]]) => block(px, y + high - (n / most) * high, Math.max(1, Math.min(wide, 16) - (wide > 4 ? 1 : 0)), (n / most) * high)).join("");
  const drawn = [make("path", { class: "left-over", d: bars })];
  if (!allShown) drawn.push(make("path", { class: "shown-ticks", d: report.shown.map((f) => `M${x(timeOf(f)).toFixed(1)} ${y + high + 2}v6`).join("") }));
  return drawn;
}

/** Reads out what is under the pointer; a click leads to the nearest frame with a picture. */
function cursor(svg, top, floor, timeAt, x) {
  const line = make("line", { class: "cursor", x1: -9, x2: -9, y1: top, y2: floor });
  const frameUnder = (event) => frameAt(timeAt(event.clientX - svg.getBoundingClientRect().left));
  svg.addEventListener("pointermove", (event) => {
    const frame = frameUnder(event);
    for (const end of ["x1", "x2"]) line.setAttribute(end, x(timeOf(frame)));
    readOut(frame);
  });
  svg.addEventListener("pointerleave", () => { line.setAttribute("x1", -9); line.setAttribute("x2", -9); readOut(-1); });
  svg.addEventListener("click", (event) => {
    const frame = frameUnder(event);
    const distance = (shownAt) => Math.abs(report.shown[shownAt] - frame);
    const nearest = report.shown.reduce((best, _, shownAt) => (distance(shownAt) < distance(best) ? shownAt : best), 0);
    select(nearest * positions + positionOf(shownSlot), true);
    overlays[nearest].box.scrollIntoView({ block: "center" });
  });
  readOut(-1);
  return line;
}

function frameAt(time) {
  const { times } = report;
  let [low, high] = [0, report.frames - 1];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (times[middle] <= time) low = middle; else high = middle - 1;
  }
  return low;
}

function readOut(frame) {
  const line = document.getElementById("readout");
  if (frame < 0) {
    line.textContent = "Point at the chart to read it; click to go to that frame.";
    return;
  }
  const s = segmentOf(frame);
  const counts = report.frameCounts.map((level) => whole(level[frame])).join(" → ");
  line.replaceChildren(make("b", {}, clock(timeOf(frame))), ` frame ${whole(frame + 1)}: overlap ${report.overlap[frame].toFixed(2)}, tokens ${counts}. `,
    make("b", {}, `Segment ${s.index + 1}`), ` ${clock(s.start)} to ${clock(s.end)}, ${plural(s.lastFrame - s.firstFrame + 1, "frame")}, z ${signed(s.score)}, tokens ${s.counts.map(whole).join(" → ")}.`);
}
