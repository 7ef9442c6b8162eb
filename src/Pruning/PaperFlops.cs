namespace HieraVid.Pruning;

/// <summary>A row of the papers' FLOPs columns.</summary>
/// <param name="Method">The method, by our name.</param>
/// <param name="At30">TFLOPs at 30 %; null where the papers print none.</param>
/// <param name="At20">At 20 %.</param>
/// <param name="At10">At 10 %.</param>
/// <param name="Difference">Why ours is another number, as a sentence; null where it is the same.</param>
public sealed record PaperFlops(string Method, double? At30, double? At20, double? At10, string? Difference = null)
{
    private const string DataDependent =
        "The printed 10 % follows the tokens that really stayed on the papers' videos; ours is the nominal share in every layer.";

    private const string Streaming =
        "The linear layers alone, which no attention mask shrinks, cost more than several of the printed numbers; "
        + "ours charges every query with the keys that it sees.";

    /// <summary>The columns by model (HieraVid, Tables 1 and 2; baselines, section 15).</summary>
    public static IReadOnlyDictionary<string, IReadOnlyList<PaperFlops>> Columns { get; } =
        new Dictionary<string, IReadOnlyList<PaperFlops>>
        {
            [FlopsModel.LlavaVideo7B.Name] =
            [
                new("none", 80.2, 80.2, 80.2), new("hieravid", 19.6, 13.8, 6.85), new("fastv", 23.5, 17.1, 11.21),
                new("prumerge", 19.1, 12.3, 5.9), new("prunevid", 19.1, 12.3, 6.19, DataDependent),
                new("framefusion", 19.1, 12.3, 6.1, DataDependent), new("streamingllm", 60.3, 56.7, 52.1, Streaming),
            ],
            [FlopsModel.LlavaOneVision7B.Name] =
            [
                new("none", 40.8, 40.8, 40.8), new("hieravid", 10.7, 7.5, 3.8), new("fastv", 12.7, 9.3, 6.037),
                new("prumerge", 10.6, 6.9, 3.4), new("prunevid", 10.6, 6.9, 4.3, DataDependent),
                new("framefusion", 10.6, 6.9, 3.4), new("streamingllm", 30.6, 29.5, 26.9, Streaming),
            ],
        };

    /// <summary>The printed number at a budget; null where there is none.</summary>
    public double? At(double budget) => budget switch { 0.3 => At30, 0.2 => At20, 0.1 => At10, _ => null };
}
