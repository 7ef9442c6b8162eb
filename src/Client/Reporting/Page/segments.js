// The segments as a table, for those who want the numbers. Made when opened: an hour may have a thousand rows.

function buildSegmentTable() {
  const details = document.getElementById("segments");
  details.addEventListener("toggle", () => {
    if (details.open && details.children.length === 1) details.append(segmentTable());
  });
}

function segmentTable() {
  const head = ["Segment", "From", "To", "Frames", "Score z", ...levels.map((l) => l.name)];
  const body = segments.map((s) =>
    [s.index + 1, clock(s.start), clock(s.end), s.lastFrame - s.firstFrame + 1, signed(s.score), ...s.counts.map(whole)]);
  return make("div", { class: "scroll" }, make("table", {},
    make("thead", {}, make("tr", {}, head.map((h) => make("th", { scope: "col" }, h)))),
    make("tbody", {}, body.map((row) => make("tr", {}, row.map((cell) => make("td", {}, String(cell))))))));
}
