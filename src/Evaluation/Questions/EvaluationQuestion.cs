using HieraVid.Evaluation.Answers;

namespace HieraVid.Evaluation.Questions;

/// <summary>A question with its right answer.</summary>
/// <param name="Id">Unique in its set.</param>
/// <param name="Video">The video's file.</param>
/// <param name="Prompt">What the model is asked, choices and instructions included.</param>
/// <param name="Kind">The group it is counted in.</param>
/// <param name="Key">The right answer, and how one is recognised.</param>
public sealed record EvaluationQuestion(string Id, string Video, string Prompt, string Kind, AnswerKey Key);
