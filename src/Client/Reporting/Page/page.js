// Puts the page together.

function buildFigures() {
  const { answer } = report;
  const lastCount = levels[lastLevel].count;
  const tiles = [
    ["Visual tokens", lastLevel === 0 ? whole(tokenTotal) : `${whole(tokenTotal)} → ${whole(lastCount)}`, lastLevel === 0 ? "none pruned" : `${percent(lastCount / tokenTotal)} reach the last layer`],
    ["Mean over the layers", percent(answer.tokens.averageRetention), `asked for: ${percent(answer.budget)}`],
    ["First word after", seconds(answer.timing.timeToFirstToken), `whole answer: ${seconds(answer.timing.total)}`],
    ["Looked at", plural(report.frames, "frame"), `of ${answer.video.durationSeconds < 100 ? seconds(answer.video.durationSeconds) : clock(answer.video.durationSeconds)} of video`],
    ["Ran on", answer.device, `${answer.model}, ${answer.dtype}`],
  ];
  if (answer.flops?.ratio !== undefined) tiles.splice(2, 0, ["Compute of the prefill", percent(answer.flops.ratio), "of that without pruning"]);
  document.getElementById("figures").append(...tiles.map(([name, value, more]) =>
    make("div", {}, make("dt", {}, name), make("dd", {}, make("b", {}, value), make("span", {}, more)))));
}

document.getElementById("frames-lead").textContent = lastLevel === 0
  ? "Nothing was pruned: every token of every frame is read in every layer."
  : `Every frame is ${plural(positions, "token")}. Step from left to right to see which ones leave, and point at one to see why.`;
if (!allShown) {
  document.getElementById("frames-some").textContent =
    `Showing ${whole(report.shown.length)} of ${whole(report.frames)} frames: of each longer segment and each stretch of the video the one that kept most tokens, and others in between. Counts and charts are of all frames.`;
  // Of a long video the overview comes first: its pictures fill many screens.
  document.getElementById("charts").after(document.getElementById("frames-section"));
}
document.getElementById("footer").textContent =
  `${report.answer.device}, ${report.answer.dtype}, seed ${report.answer.seed}. This file is complete in itself and loads nothing.`;

buildFigures();
buildLayers();
buildFrames();
buildLevels();
buildTokens();
// No way there at the start: a print or a screenshot must not catch the page half-way.
level = lastLevel;
showLevel(lastLevel);
buildTimeline();
buildTime();
