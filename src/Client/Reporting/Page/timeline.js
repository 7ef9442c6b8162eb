// The video's time from left to right: segments, overlap with the cuts, budget scores, and what each segment kept.

function buildTimeline() {
  const { segments } = report;
  const cuts = segments.length - 1;
  document.getElementById("timeline-lead").textContent = cuts > 0
    ? `A new segment begins where fewer than ${percent(report.overlapThreshold)} of a frame's tokens resemble the frame before. Each segment has its own budget.`
    : segments.length === 1 ? "No frame differs enough from the one before it, so the whole video is one segment." : "";
  const box = document.getElementById("timeline");
  box.closest("section").hidden = segments.length === 0;
  if (segments.length > 0) drawToWidth(box, drawTimeline);
  buildSegmentTable();
}

function drawTimeline(width) {
  const { segments, overlap } = report;
  const end = Math.max(report.answer.video.durationSeconds, segments.at(-1).end, 0.001);
  const left = 1, right = width - 1;
  const x = (s) => left + (Math.min(s, end) / end) * (right - left);
  const svg = drawing(width, 340, `${plural(segments.length, "segment")} over ${clock(end)}`);
  const title = (y, text) => svg.append(make("text", { x: left, y, class: "row" }, text));
  const shade = (s) => (s.index % 2 ? "segment odd" : "segment even");

  title(12, "Segments");
  for (const s of segments) {
    const wide = x(s.end) - x(s.start);
    const block = make("g", { class: shade(s) },
      make("rect", { x: x(s.start), y: 20, width: Math.max(1, wide - 1), height: 28, rx: 3 }),
      make("title", {}, `Segment ${s.index + 1}: ${clock(s.start)} to ${clock(s.end)}, ${plural(s.lastFrame - s.firstFrame + 1, "frame")}, z ${signed(s.score)}`));
    if (wide > 16) block.append(make("text", { x: x(s.start) + wide / 2, y: 39, "text-anchor": "middle" }, String(s.index + 1)));
    svg.append(block);
  }

  title(72, "Overlap with the frame before, per sampled frame");
  const top = 80, high = 74;
  const y = (o) => top + high - o * high;
  svg.append(make("rect", { class: "plot", x: left, y: top, width: right - left, height: high }));
  for (const s of segments.slice(1)) svg.append(make("line", { class: "cut", x1: x(s.start), x2: x(s.start), y1: 48, y2: top + high }));
  const points = overlap.map((o, f) => [x(timeOf(f)), y(o), f, o]).slice(1);
  if (points.length > 0) svg.append(make("path", { class: "curve", d: "M" + points.map(([a, b]) => `${a.toFixed(1)} ${b.toFixed(1)}`).join("L") }));
  const firsts = new Set(segments.map((s) => s.firstFrame));
  for (const [a, b, f, o] of points) {
    if (points.length > width / 6 && !firsts.has(f)) continue;
    svg.append(make("circle", { class: firsts.has(f) ? "dot cutting" : "dot", cx: a, cy: b, r: firsts.has(f) ? 4 : 2.5 },
      make("title", {}, `${clock(timeOf(f))}: overlap ${o.toFixed(2)}${firsts.has(f) ? ", so a segment begins" : ""}`)));
  }
  const limit = y(report.overlapThreshold);
  svg.append(make("line", { class: "limit", x1: left, x2: right, y1: limit, y2: limit }),
    make("text", { class: "limit-text", x: right - 4, y: limit + 14, "text-anchor": "end" }, `cut below ${percent(report.overlapThreshold)}`));

  title(176, "Budget score z (above the line: keeps more)");
  const zero = 204, most = Math.max(1, ...segments.map((s) => Math.abs(s.score)));
  svg.append(make("line", { class: "axis", x1: left, x2: right, y1: zero, y2: zero }));
  for (const s of segments) {
    const tall = (Math.abs(s.score) / most) * 16;
    const wide = x(s.end) - x(s.start);
    svg.append(make("rect", { class: s.score >= 0 ? "more" : "less", x: x(s.start), width: Math.max(1, wide - 1), y: s.score >= 0 ? zero - tall : zero, height: Math.max(0.5, tall) },
      make("title", {}, `Segment ${s.index + 1}: z ${signed(s.score)}`)));
    if (wide > 44) svg.append(make("text", { class: "small", x: x(s.start) + wide / 2, "text-anchor": "middle", y: s.score >= 0 ? zero + 13 : zero - 5 }, signed(s.score)));
  }

  title(248, "Share of each segment's tokens kept, step by step");
  const floor = 316, room = 56;
  for (const s of segments) {
    const all = (s.lastFrame - s.firstFrame + 1) * positions;
    const wide = Math.min(150, Math.max(1, x(s.end) - x(s.start) - 2));
    const begin = x(s.start) + (x(s.end) - x(s.start) - 1 - wide) / 2;
    const group = make("g", { class: "shares" }, make("title", {}, `Segment ${s.index + 1}: ${[all, ...s.kept].map(whole).join(" → ")} tokens`));
    [all, ...s.kept].forEach((kept, i) => {
      const tall = Math.max(1, (kept / all) * room);
      group.append(make("rect", { class: `step${Math.min(i, 4)}`, x: begin + (i * wide) / levels.length, y: floor - tall, width: Math.max(0.5, wide / levels.length - 1), height: tall }));
    });
    svg.append(group);
  }
  svg.append(make("line", { class: "axis", x1: left, x2: right, y1: floor, y2: floor }));
  ticks(end, width).forEach((s, i, all) => svg.append(
    make("line", { class: "axis", x1: x(s), x2: x(s), y1: floor, y2: floor + 4 }),
    make("text", { class: "small", x: x(s), y: floor + 17, "text-anchor": i === 0 ? "start" : x(s) > right - 20 ? "end" : "middle" }, clock(s))));
  return svg;
}

const signed = (value) => (value < 0 ? "−" : "+") + Math.abs(value).toFixed(1);

function buildSegmentTable() {
  const head = ["Segment", "From", "To", "Frames", "Score z", ...levels.map((l) => l.name)];
  const body = report.segments.map((s) => {
    const frames = s.lastFrame - s.firstFrame + 1;
    return [s.index + 1, clock(s.start), clock(s.end), frames, signed(s.score), whole(frames * positions), ...s.kept.map(whole)];
  });
  document.getElementById("segments").append(make("table", {},
    make("thead", {}, make("tr", {}, head.map((h) => make("th", { scope: "col" }, h)))),
    make("tbody", {}, body.map((row) => make("tr", {}, row.map((cell) => make("td", {}, String(cell))))))));
}
