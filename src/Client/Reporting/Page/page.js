// Puts the page together.

function buildFigures(mean) {
  const { answer } = report;
  const lastCount = levels[lastLevel].count;
  const tiles = [
    ["Visual tokens", lastLevel === 0 ? whole(tokenTotal) : `${whole(tokenTotal)} → ${whole(lastCount)}`, lastLevel === 0 ? "none pruned" : `${percent(lastCount / tokenTotal)} reach the last layer`],
    ["Mean over the layers", percent(answer.tokens.averageRetention ?? mean), `asked for: ${percent(report.budget)}`],
    ["First word after", seconds(answer.timing.timeToFirstToken), `whole answer: ${seconds(answer.timing.total)}`],
    ["Looked at", plural(report.frames, "frame"), `of ${seconds(answer.video.durationSeconds)} of video`],
    ["Ran on", answer.device, `${answer.model}, ${answer.dtype}`],
  ];
  if (answer.flops?.ratio !== undefined) tiles.splice(2, 0, ["Compute of the prefill", percent(answer.flops.ratio), "of that without pruning"]);
  document.getElementById("figures").append(...tiles.map(([name, value, more]) =>
    make("div", {}, make("dt", {}, name), make("dd", {}, make("b", {}, value), make("span", {}, more)))));
}

document.getElementById("frames-lead").textContent = [
  lastLevel === 0 ? "Nothing was pruned: every token of every frame is read in every layer."
    : `Every frame is ${whole(positions)} tokens. Step from left to right to see which ones leave, and point at one to see why.`,
  allShown ? "" : `${whole(report.shown.length)} of the ${whole(report.frames)} frames are shown, evenly spaced; counts and charts are of all.`,
].join(" ").trim();
document.getElementById("footer").textContent =
  `${report.answer.device}, ${report.answer.dtype}, seed ${report.answer.seed}. This file is complete in itself and loads nothing.`;

buildFigures(buildLayers());
buildFrames();
buildLevels();
buildTokens();
// No way there at the start: a print or a screenshot must not catch the page half-way.
level = lastLevel;
showLevel(lastLevel);
buildTimeline();
buildTime();
