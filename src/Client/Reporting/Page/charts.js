// Tokens per layer against no pruning, and the stages' seconds.

function buildLayers() {
  const counts = report.answer.tokens.perLayer;
  const mean = report.answer.tokens.averageRetention;
  document.getElementById("layers-lead").textContent = lastLevel === 0
    ? "Every layer reads all visual tokens."
    : `The ${plural(report.layers, "layer")} read ${percent(mean)} of the visual tokens on average. The hatched area is what was saved.`;
  drawToWidth(document.getElementById("layers"), (width) => drawLayers(width, counts));
}

function drawLayers(width, counts) {
  const height = 230, left = 1, top = 26, bottom = height - 36;
  // Where a few per cent are left, their steps would not be seen beside the whole; then the axis is cut and says so.
  const isCut = counts[0] < tokenTotal * 0.15;
  const full = isCut ? counts[0] * 1.3 : tokenTotal;
  const x = (layer) => left + (layer / counts.length) * (width - left - 1);
  const y = (n) => bottom - (n / full) * (bottom - top);
  const svg = drawing(width, height, `Visual tokens per layer: ${counts.map(whole).join(", ")}`);
  svg.append(make("defs", {}, make("pattern", { id: "hatch", width: 7, height: 7, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
    make("line", { class: "hatch", x1: 0, x2: 0, y1: 0, y2: 7 }))));
  svg.append(make("rect", { x: left, y: top, width: width - left - 1, height: bottom - top, fill: "url(#hatch)" }));
  let path = `M${left} ${bottom}`;
  counts.forEach((n, layer) => { path += `L${x(layer).toFixed(1)} ${y(n).toFixed(1)}L${x(layer + 1).toFixed(1)} ${y(n).toFixed(1)}`; });
  svg.append(make("path", { class: "used", d: `${path}L${width - 1} ${bottom}Z` }));
  if (isCut) svg.append(make("path", { class: "torn", d: tear(left, width - 1, top + 12) }));
  svg.append(make("line", { class: "vanilla", x1: left, x2: width - 1, y1: top, y2: top }),
    make("text", { class: "small", x: left, y: top - 8 }, `without pruning: ${whole(tokenTotal)} in every layer${isCut ? `, ${whole(tokenTotal / counts[0])} times as high as the first step` : ""}`),
    make("line", { class: "axis", x1: left, x2: width - 1, y1: bottom, y2: bottom }));
  const starts = counts.map((count, layer) => ({ count, layer })).filter(({ count, layer }) => layer === 0 || count !== counts[layer - 1]);
  let labelled = -Infinity;
  starts.forEach(({ layer, count }, i) => {
    if (x(layer) - labelled < 40) return;
    labelled = x(layer);
    const next = starts[i + 1]?.layer ?? counts.length;
    const inside = y(count) + 18 < bottom && x(next) - x(layer) > 44;
    svg.append(make("text", { class: inside ? "on-used" : "above-used", x: x(layer) + 6, y: inside ? y(count) + 17 : y(count) - 6 }, whole(count)),
      make("text", { class: "small", x: x(layer) + (layer === 0 ? 0 : -3), y: bottom + 16 }, layer === 0 ? "layer 0" : String(layer)));
  });
  svg.append(make("text", { class: "small", x: width - 1, y: bottom + 16, "text-anchor": "end" }, String(counts.length)));
  return svg;
}

/** The jagged band that says that a part of the axis is left out. */
function tear(left, right, y) {
  const teeth = Array.from({ length: Math.ceil((right - left) / 8) + 1 }, (_, i) => [Math.min(right, left + i * 8), y + (i % 2 ? 5 : 0)]);
  const line = (points, down) => points.map(([a, b]) => `${a} ${b + down}`).join("L");
  return `M${line(teeth, 0)}L${line(teeth.reverse(), 7)}Z`;
}

function buildTime() {
  const t = report.answer.timing;
  const all = [["probe", "Look at the file", t.probe], ["decode", "Wait for frames", t.decode], ["encode", "Encode frames", t.encode],
    ["prefill", "Read the prompt", t.prefill], ["prune", "Prune", t.prune], ["generate", "Write the answer", t.generate]];
  const parts = all.filter(([, , value]) => value > 0);
  const rest = t.total - parts.reduce((s, [, , value]) => s + value, 0);
  if (rest > t.total * 0.01) parts.push(["rest", "Everything else", rest]);
  document.getElementById("time-lead").textContent =
    `${seconds(t.total)} in all, the first word after ${seconds(t.timeToFirstToken)}${t.load > 0 ? `; loading the model took ${seconds(t.load)} before that` : ""}.`;
  const bar = make("div", { class: "time-bar", role: "img", "aria-label": parts.map(([, name, value]) => `${name}: ${seconds(value)}`).join(", ") });
  const list = make("ul", { class: "time-list" });
  for (const [kind, name, value] of parts) {
    const piece = make("i", { class: `time-${kind}`, title: `${name}: ${seconds(value)}` });
    piece.style.flexGrow = String(value);
    bar.append(piece);
    list.append(make("li", {}, make("i", { class: `swatch time-${kind}` }), make("span", {}, name), make("b", {}, seconds(value)), make("span", { class: "share-text" }, percent(value / (t.total || 1)))));
  }
  const first = make("span", { class: "first-token" }, "first word");
  const share = Math.min(1, t.timeToFirstToken / (t.total || 1));
  first.style[share > 0.5 ? "right" : "left"] = `${(share > 0.5 ? 1 - share : share) * 100}%`;
  first.classList.add(share > 0.5 ? "before" : "after");
  document.getElementById("time").append(make("div", { class: "time-chart" }, bar, first), list);
}
