// Why a token was kept, merged or dropped, in words.

const nameOf = (segment) => (segment ? `segment ${segment.index + 1}` : "the video");
const placeOf = (position) => `row ${Math.floor(position / columns) + 1}, column ${(position % columns) + 1}`;
const at = (token) => `${clock(timeOf(Math.floor(token / positions)))}, ${placeOf(token % positions)}`;

// Still scenes differ in the third decimal only.
const alikeness = (s) => s.toFixed(s > 0.985 ? 3 : 2);

const isNegated = report.relevanceSign === "negated";
const relevanceNote = report.relevanceSign === null ? ""
  : `Relevance runs from 0 to 1. Here the ${isNegated ? "least" : "most"} attended token counts as most relevant${isNegated ? ", as in the authors' code" : ""}.`;

/** {outcome, sentence, steps: [{name, outcome, text}], related: [slot], relation}. */
function explain(slot) {
  const left = leftAt[slot];
  const steps = [];
  for (let stage = 0; stage < stages.length && (left < 0 || left >= stage); stage++) {
    steps.push({ name: levels[stage + 1].name, outcome: left === stage ? outcomeOf(stage) : "stays", text: stepText(slot, stage) });
  }
  const target = slotOf(mergedInto[slot]);
  const winner = left > 0 ? slotOf(figure(left, "winner", slot) ?? -1) : -1;
  const into = mergedHere(slot);
  const related = target >= 0 ? [target] : into.length > 0 ? into : winner >= 0 ? [winner] : [];
  return {
    outcome: left < 0 ? "kept" : outcomeOf(left),
    sentence: left < 0 ? keptSentence(slot) : leftSentence(slot, left),
    steps,
    related,
    relation: target >= 0 ? "it was merged into" : into.length > 0 ? "merged into it" : "kept in its place",
  };
}

const outcomeOf = (stage) => (stages[stage].rule === "merge" ? "merged" : "dropped");

function keptSentence(slot) {
  if (stages.length === 0) return "Kept: nothing was pruned for this answer.";
  const last = stages.length - 1;
  const segment = segmentOf(frameOf(slot));
  const rank = figure(last, "rank", slot);
  const { before, after } = choice(segment, last);
  const how = rank === null
    ? `${nameOf(segment)} kept ${whole(after)} of ${whole(before)} tokens in the last step, and this is one of them.`
    : `in layer ${stages[last].layer} it was picked ${ordinal(rank + 1)} of ${whole(after)} in ${nameOf(segment)} by diversity${novelty(last, slot)}.`;
  return `Kept to the end: ${how}${standsFor(slot)}`;
}

function leftSentence(slot, stage) {
  const { rule, layer } = stages[stage];
  if (rule === "merge") return mergedSentence(slot);
  const where = layer === null ? "before the first layer" : `in layer ${layer}`;
  const lost = absorbed[slot] > 0 ? ` With it went ${plural(absorbed[slot], "token")} merged into it.` : "";
  return `Dropped ${where}: ${reason(slot, stage)}${lost}`;
}

function reason(slot, stage) {
  if (tokenOf(slot) === report.unsegmented && stages[stage].layer !== null) {
    return "it is the video's last token, which belongs to no segment, as in the authors' code.";
  }
  const segment = segmentOf(frameOf(slot));
  const counts = choice(segment, stage);
  switch (stages[stage].rule) {
    case "window": return noRoom(slot, stage);
    case "dpp": return notPicked(slot, stage, nameOf(segment), counts);
    case "spread": return outdone(slot, stage, nameOf(segment), counts);
    case "topK": return `${nameOf(segment)} kept its ${whole(counts.after)} most relevant tokens of ${whole(counts.before)}; this one came ${ordinal(figure(stage, "place", slot) + 1)}.`;
    default: return `${report.answer.method} kept ${whole(counts.after)} of ${whole(counts.before)} tokens there and gives no reason per token.`;
  }
}

function mergedSentence(slot) {
  const alike = Number.isNaN(similarity[slot]) ? "" : ` (similarity ${alikeness(similarity[slot])})`;
  const holder = Math.floor(mergedInto[slot] / positions);
  const left = holderLeftAt[slot];
  const fate = left < 0 ? "stayed to the end"
    : stages[left].layer === null ? "had no room in the model's window" : `was dropped in layer ${stages[left].layer}`;
  return `Merged before the first layer: it repeats the frame before${alike}, so it lives on in the token of the same place at ${clock(timeOf(holder))}, which ${fate}.`;
}

/** The frames that the DPP at the input chose from together with a frame. */
const pieceOf = (stage, frame) => stages[stage].pieces.findLast((piece) => piece.first <= frame);

function noRoom(slot, stage) {
  const { first, count, before, room } = pieceOf(stage, frameOf(slot));
  const frames = count === 1 ? `the frame at ${clock(timeOf(first))}` : `the ${whole(count)} frames from ${clock(timeOf(first))} to ${clock(timeOf(first + count - 1))}`;
  return `the model's window is too small for all. Of ${frames}, ${whole(before)} tokens were left after merging, and there was room for ${whole(room)}: the most diverse ones.`;
}

function outdone(slot, stage, name, { before, after }) {
  const winner = figure(stage, "winner", slot);
  if (after === 0 || winner === null) return `${name} had too few tokens left (${whole(before)}) to keep any.`;
  const [theirs, mine] = [figure(stage, "winnerRelevance", slot).toFixed(2), figure(stage, "relevance", slot).toFixed(2)];
  const than = theirs === mine ? `is at least as relevant (${mine})` : `is more relevant (${theirs} against ${mine})`;
  return `${name} kept ${whole(after)} of ${whole(before)} tokens, one of each ${groups(before, after)}, and the one at ${at(winner)} ${than}.`;
}

// What an unpicked token would still have gained is unknown, but bounded: by what the last pick gained, since the highest
// gain is picked; and by its relevance squared, which is what a token gains that nothing picked resembles.
function notPicked(slot, stage, name, { before, after }) {
  if (after === 0) return `${name} had too few tokens left (${whole(before)}) to keep any.`;
  const counts = `${name} kept ${whole(after)} of ${whole(before)} tokens by diversity.`;
  const last = stages[stage].lastGain[segmentOfFrame[frameOf(slot)]];
  const most = figure(stage, "relevance", slot) ** 2;
  const place = `${ordinal(figure(stage, "place", slot) + 1)} by relevance`;
  if (last === null) return counts;
  if (last === 0) return `${counts} Those picked show all that it shows; the last places went by relevance, and it came ${ordinal(figure(stage, "place", slot) + 1)}.`;
  if (most <= last) return `${counts} It matters too little (${place}): even if nothing picked were like it, it would add ${digits(most)}, and the last one picked added ${digits(last)}.`;
  return `${counts} It came ${place}, but those picked show it already: ${last < most / 1000 ? "less than 0.1 %" : `at most ${percent(last / most)}`} of it was new.`;
}

// A gain is relevance squared times the share that earlier picks don't cover; the share is what people can picture.
function novelty(stage, slot) {
  const gain = figure(stage, "gain", slot);
  const relevance = figure(stage, "relevance", slot);
  if (gain === null || !relevance) return "";
  // Once nothing new is left, the remaining places are filled by relevance, and their gain is 0.
  if (gain <= 0) return "; nothing new was left by then, so relevance decided";
  const share = Math.min(1, gain / relevance ** 2);
  return share < 0.001 ? "; less than 0.1 % of it was new" : `; ${percent(share)} of it was new`;
}

function standsFor(slot) {
  const n = absorbed[slot];
  if (n === 0) return "";
  const times = [1, n].map((i) => clock(timeOf(frameOf(slot) + i)));
  return ` It also stands for ${plural(n, "token")} merged into it (${times[0] === times[1] ? times[0] : times.join(" to ")}).`;
}

/** What one stage knew about a token, for the list below the sentence. */
function stepText(slot, stage) {
  const { rule } = stages[stage];
  const segment = segmentOf(frameOf(slot));
  const { before, after } = choice(segment, stage);
  if (rule === "merge") return mergeText(slot);
  if (rule === "window") {
    const piece = pieceOf(stage, frameOf(slot));
    return `room for ${whole(piece.room)} of the ${plural(piece.before, "token")} of ${plural(piece.count, "frame")}; the most diverse`;
  }
  const parts = [];
  const [relevance, place, gain, rank] = ["relevance", "place", "gain", "rank"].map((name) => figure(stage, name, slot));
  if (place !== null) parts.push(`relevance ${digits(relevance)}, ${ordinal(place + 1)} of ${whole(before)} in ${nameOf(segment)}`);
  if (rank !== null) parts.push(`picked ${ordinal(rank + 1)} of ${whole(after)}, gain ${digits(gain)}`);
  else if (rule === "dpp" && after > 0) parts.push(`not among the ${whole(after)} picked; the last one's gain was ${digits(stages[stage].lastGain[segmentOfFrame[frameOf(slot)]] ?? 0)}`);
  else if (rule === "spread" && after > 0) parts.push(`the most relevant of each ${groups(before, after)} stays`);
  else parts.push(`${whole(after)} of ${whole(before)} kept`);
  return parts.join("; ");
}

/** The size of the groups of neighbours when n tokens fall into k groups. */
function groups(n, k) {
  const [least, most] = [Math.floor(n / k), Math.ceil(n / k)];
  return least === most ? `${least} neighbours` : `${least} or ${most} neighbours`;
}

function mergeText(slot) {
  if (frameOf(slot) === 0) return "first frame: nothing before it to repeat";
  if (Number.isNaN(similarity[slot])) return "an empty token: its similarity is undefined";
  const limit = report.mergeThreshold === null ? "; nothing was merged" : `; the most similar were merged, from ${alikeness(report.mergeThreshold)} up`;
  return `similarity ${alikeness(similarity[slot])} to the frame before${limit}`;
}
