using HieraVid.Evaluation.Answers;
using HieraVid.Evaluation.Running;

namespace HieraVid.Evaluation.Reporting;

/// <summary>One setting's line: how often it is right, and what that costs.</summary>
/// <param name="Setting">The setting.</param>
/// <param name="All">Over all questions.</param>
/// <param name="Kinds">By kind, in the table's order.</param>
/// <param name="Retention">Mean share of visual tokens per layer.</param>
/// <param name="FlopsRatio">Mean FLOPs over those without pruning.</param>
/// <param name="PrefillSeconds">Mean seconds of pruning and prefill.</param>
/// <param name="Guessed">Answers from which nothing could be read.</param>
public sealed record TableRow(
    EvaluationSetting Setting, Accuracy All, IReadOnlyList<Accuracy> Kinds, double Retention, double FlopsRatio,
    double PrefillSeconds, int Guessed);

/// <summary>The results, added up.</summary>
/// <param name="Kinds">The kinds of questions.</param>
/// <param name="Rows">One per setting that has results.</param>
/// <param name="Frequent">
/// How often the most frequent right answer of each kind would be right, and over all kinds: what needs no video.
/// </param>
public sealed record EvaluationTable(
    IReadOnlyList<string> Kinds, IReadOnlyList<TableRow> Rows, (Accuracy All, IReadOnlyList<Accuracy> Kinds) Frequent)
{
    /// <summary>Adds up results.</summary>
    /// <param name="results">In any order.</param>
    /// <param name="settings">The lines, in this order.</param>
    public static EvaluationTable Of(IReadOnlyList<EvaluationResult> results, IReadOnlyList<EvaluationSetting> settings)
    {
        var kinds = results.Select(result => result.Kind).Distinct().Order(StringComparer.Ordinal).ToList();
        var bySetting = results.ToLookup(result => result.Setting);
        var rows = settings.Where(setting => bySetting[setting.Name].Any()).Select(setting =>
        {
            var mine = bySetting[setting.Name].ToList();
            return new TableRow(
                setting, Count(mine), [.. kinds.Select(kind => Count(mine.Where(result => result.Kind == kind)))],
                mine.Average(result => result.Retention), mine.Average(result => result.FlopsRatio),
                mine.Average(result => result.PrefillSeconds), mine.Count(result => result.IsGuessed));
        }).ToList();
        return new EvaluationTable(kinds, rows, MostFrequent(results, kinds));
    }

    private static Accuracy Count(IEnumerable<EvaluationResult> results)
    {
        var list = results.ToList();
        return new Accuracy(list.Count(result => result.IsRight), list.Count);
    }

    private static (Accuracy All, IReadOnlyList<Accuracy> Kinds) MostFrequent(
        IReadOnlyList<EvaluationResult> results, IReadOnlyList<string> kinds)
    {
        var questions = results.DistinctBy(result => result.Question).ToLookup(result => result.Kind, result => result.Expected);
        var counts = kinds.Select(kind => new Accuracy(
            questions[kind].GroupBy(answer => answer).Max(group => group.Count()), questions[kind].Count())).ToList();
        return (new Accuracy(counts.Sum(count => count.Right), counts.Sum(count => count.Total)), counts);
    }
}
