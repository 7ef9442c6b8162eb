// Why a token was kept, merged or dropped, in words.

// Tokens of frames that are not on the page may have been merged as well.
const atLeast = allShown ? "" : "at least ";
const nameOf = (segment) => (segment ? `segment ${segment.index + 1}` : "its segment");
const at = (slot) => `${clock(timeOf(frameOf(slot)))}, ${place(slot)}`;
const place = (slot) =>
  `row ${Math.floor(positionOf(slot) / columns) + 1}, column ${(positionOf(slot) % columns) + 1}`;

// Still scenes differ in the third decimal only.
const alikeness = (s) => s.toFixed(s > 0.985 ? 3 : 2);

/** {outcome, sentence, steps: [{name, outcome, text}], related: [slot], relation}. */
function explain(slot) {
  const left = leftAt[slot];
  const steps = [];
  for (let stage = 0; stage < stages.length && (left < 0 || left >= stage); stage++) {
    steps.push({ name: levels[stage + 1].name, outcome: left === stage ? outcomeOf(stage) : "stays", text: stepText(slot, stage) });
  }
  const absorbed = mergedHere.get(slot) ?? [];
  const target = slotOf(mergedInto[slot]);
  const survivor = left > 0 ? slotOf(figure(left, "survivor", slot) ?? -1) : -1;
  const related = target >= 0 ? [target] : absorbed.length > 0 ? absorbed : survivor >= 0 ? [survivor] : [];
  return {
    outcome: left < 0 ? "kept" : outcomeOf(left),
    sentence: left < 0 ? keptSentence(slot, absorbed) : leftSentence(slot, left, target, absorbed),
    steps,
    related,
    relation: target >= 0 ? "it was merged into" : absorbed.length > 0 ? "merged into it" : "kept in its place",
  };
}

// Only picking by diversity has an order that means something.
const pickOf = (stage, slot) => (stages[stage].name === "dpp" ? figure(stage, "rank", slot) : null);

const outcomeOf = (stage) => (stages[stage].name === "merge" ? "merged" : "dropped");

function keptSentence(slot, absorbed) {
  if (stages.length === 0) return "Kept: nothing was pruned for this answer.";
  const last = stages.length - 1;
  const segment = segmentOf(frameOf(slot));
  const rank = pickOf(last, slot);
  const how = rank === null
    ? `${nameOf(segment)} kept ${count(segment, last)} in the last step, and this is one of them.`
    : `in layer ${stages[last].layer} it was picked ${ordinal(rank + 1)} of ${whole(segmentCounts(segment, last).after)} in ${nameOf(segment)} by diversity${novelty(last, slot)}.`;
  return `Kept to the end: ${how}${standsFor(absorbed)}`;
}

function leftSentence(slot, stage, target, absorbed) {
  const { name, layer } = stages[stage];
  if (name === "merge") return mergedSentence(slot, target);
  const segment = segmentOf(frameOf(slot));
  const start = `Dropped in layer ${layer}:`;
  const lost = absorbed.length > 0 ? ` With it went ${atLeast}${plural(absorbed.length, "token")} merged into it.` : "";
  return `${start} ${name === "dpp" ? notPicked(slot, stage, segment) : lessRelevant(slot, stage, segment)}${lost}`;
}

function mergedSentence(slot, target) {
  const alike = Number.isNaN(similarity[slot]) ? "" : ` (similarity ${alikeness(similarity[slot])})`;
  const into = Math.floor(mergedInto[slot] / positions);
  if (mergedInto[slot] < 0) return `Merged before the first layer: it repeats the frame before${alike}.`;
  const fate = target < 0 ? "" : leftAt[target] < 0
    ? ", which stayed to the end"
    : `, which was dropped in layer ${stages[leftAt[target]].layer}`;
  return `Merged before the first layer: it repeats the frame before${alike}, so it lives on in the token of the same place at ${clock(timeOf(into))}${fate}.`;
}

function lessRelevant(slot, stage, segment) {
  const mine = figure(stage, "relevance", slot);
  const survivor = slotOf(figure(stage, "survivor", slot) ?? -1);
  if (survivor >= 0 && mine !== null) {
    const theirs = figure(stage, "relevance", survivor);
    const [a, b] = [theirs.toFixed(2), mine.toFixed(2)];
    const relation = a === b ? `was at least as relevant (${a})` : `was more relevant (${a} against ${b})`;
    return `of each few neighbours one stays, and the one at ${at(survivor)} ${relation}.`;
  }
  const relevant = mine === null ? "" : `, and its relevance was ${mine.toFixed(2)}${relevanceRank(slot, stage)}`;
  return `${nameOf(segment)} kept ${count(segment, stage)} by relevance${relevant}.`;
}

function notPicked(slot, stage, segment) {
  const rank = pickOf(stage, slot);
  const { before, after } = segment ? segmentCounts(segment, stage) : stages[stage];
  if (rank !== null && rank >= after)
    return `${ordinal(rank + 1)} of ${whole(before)} in ${nameOf(segment)} by diversity, ${whole(after)} were kept.`;
  if (after === 0) return `${nameOf(segment)} had too few tokens left to keep any.`;
  const mine = figure(stage, "relevance", slot);
  const order = relevanceOrder(slot, stage);
  const counts = `${nameOf(segment)} kept ${whole(after)} of ${whole(before)} tokens by diversity.`;
  if (mine === null || order === null) return `${counts} Those picked already show what it shows.`;
  return order < after
    ? `${counts} By relevance alone (${ordinal(order + 1)}) it would have stayed, but tokens picked before it show nearly the same${novelty(stage, slot)}.`
    : `${counts} It came ${ordinal(order + 1)} by relevance alone (${digits(mine)}), and was not different enough to make up for it${novelty(stage, slot)}.`;
}

// A gain is relevance squared times the share that earlier picks don't cover; the share is what people can picture.
function novelty(stage, slot) {
  const gain = figure(stage, "gain", slot);
  const relevance = figure(stage, "relevance", slot);
  if (gain === null || !relevance) return "";
  const share = Math.min(1, Math.max(0, gain / relevance ** 2));
  // Once nothing new is left, the remaining places are filled by relevance, and their gain is 0.
  if (gain <= 0) return isThere(slot, stage + 1) ? "; nothing new was left by then, so relevance decided" : "; nothing of it was new";
  if (share < 0.001) return "; less than 0.1 % of it was new";
  return `; ${percent(share)} of it was new`;
}

function standsFor(absorbed) {
  if (absorbed.length === 0) return "";
  const times = [absorbed[0], absorbed.at(-1)].map((slot) => clock(timeOf(frameOf(slot))));
  const when = times[0] === times[1] ? times[0] : `${times[0]} to ${times[1]}`;
  return ` It also stands for ${atLeast}${plural(absorbed.length, "token")} merged into it (${when}).`;
}

function count(segment, stage) {
  const { before, after } = segment ? segmentCounts(segment, stage) : stages[stage];
  return `${whole(after)} of its ${whole(before)} tokens`;
}

/** What one stage knew about a token, for the list below the sentence. */
function stepText(slot, stage) {
  const { name } = stages[stage];
  if (name === "merge") return mergeText(slot);
  const parts = [];
  const relevance = figure(stage, "relevance", slot);
  const gain = figure(stage, "gain", slot);
  const rank = pickOf(stage, slot);
  const segment = segmentOf(frameOf(slot));
  if (relevance !== null) parts.push(`relevance ${digits(relevance)}${relevanceRank(slot, stage)}`);
  if (gain !== null) parts.push(`gain ${digits(gain)}`);
  if (rank !== null) parts.push(`picked ${ordinal(rank + 1)}`);
  const last = segment && stages[stage].lastGain[segment.index];
  if (gain === null && last) parts.push(`the last one picked still gained ${digits(last)}`);
  if (segment) parts.push(`${nameOf(segment)} keeps ${whole(segmentCounts(segment, stage).after)} of ${whole(segmentCounts(segment, stage).before)}`);
  return parts.join(", ");
}

function mergeText(slot) {
  if (frameOf(slot) === 0) return "first frame: nothing before it to repeat";
  if (Number.isNaN(similarity[slot])) return "an empty token: its similarity is undefined";
  const limit = report.mergeThreshold === null ? "" : `; the most similar were merged, from ${alikeness(report.mergeThreshold)} up`;
  return `similarity ${alikeness(similarity[slot])} to the frame before${limit}`;
}

const relevanceRank = (slot, stage) => {
  const order = relevanceOrder(slot, stage);
  return order === null ? "" : ` (${ordinal(order + 1)} of ${whole(segmentCounts(segmentOf(frameOf(slot)), stage).before)})`;
};

// A token's place by relevance in its segment, from 0; null where not all of the segment's tokens are on the page.
function relevanceOrder(slot, stage) {
  const mine = figure(stage, "relevance", slot);
  const segment = segmentOf(frameOf(slot));
  if (mine === null || !segment || !allShown) return null;
  let order = 0;
  for (let other = segment.firstFrame * positions; other < (segment.lastFrame + 1) * positions; other++) {
    const theirs = figure(stage, "relevance", other);
    if (theirs !== null && (theirs > mine || (theirs === mine && other < slot))) order++;
  }
  return order;
}
