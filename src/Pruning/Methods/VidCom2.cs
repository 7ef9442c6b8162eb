using HieraVid.Torch;
using static TorchSharp.torch;

namespace HieraVid.Pruning;

/// <summary>VidCom2: more tokens of unusual frames, and of each the most unusual ones (baselines, section 12).</summary>
/// <param name="share">The base scale.</param>
public sealed class VidCom2(double share) : InputMethod(share)
{
    private const double Temperature = 0.01;
    private static readonly double[] s_widths = [1 / 8.0, 1 / 4.0, 1 / 2.0, 1, 2];

    /// <inheritdoc/>
    public override string Name => "vidcom2";

    /// <inheritdoc/>
    public override NewlineRule Newlines => NewlineRule.AfterFrame;

    internal static PruningMethod Create(double share, MethodSettings settings, ModelTraits model) => new VidCom2(share);

    /// <summary>Channels and the mean token are the whole video's, and frames compete for tokens.</summary>
    /// <inheritdoc/>
    protected override IReadOnlyList<FrameRange> PiecesOf(VideoShape video) => [new FrameRange(0, video.Frames)];

    /// <inheritdoc/>
    public override PrunedChunk Apply(TokenChunk piece, PruningPlan plan)
    {
        plan.Require(piece);
        var (kept, _) = Kept(piece.Tokens, Share);
        return PrunedChunk.Subset(piece, [.. kept.SelectMany((frame, f) => frame.Select(p => f * piece.Positions + p))]);
    }

    /// <summary>The positions that stay of every frame, ascending, and each frame's share of its tokens.</summary>
    /// <param name="tokens">[F, N, D].</param>
    /// <param name="share">The base scale.</param>
    public static (int[][] Kept, float[] Scales) Kept(Tensor tokens, double share)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        var (frames, positions) = ((int)tokens.shape[0], (int)tokens.shape[1]);
        var channels = QuietChannels(tokens);
        var units = Rows.Range(frames).Select(f => Units(Rows.Frame(tokens, f), channels)).ToArray();
        var frameMeans = units.Select(frame => frame.mean([0])).ToArray();
        var mean = stack(frameMeans, 0).mean([0]);
        var video = units.Select(frame => Closeness(frame, mean)).ToArray();
        var scales = Scales([.. video.Select(frame => -frame.Average())], share);
        return ([
            .. Rows.Range(frames).Select(f =>
            {
                var own = Closeness(units[f], frameMeans[f]);
                var score = video[f].Zip(own, (v, phi) => (float)(v + phi)).ToArray();
                return Ranking.Bottom(score, Math.Max(1, (int)Math.Round(scales[f] * positions))).Order().ToArray();
            }),
        ], Array.ConvertAll(scales, scale => (float)scale));
    }

    // The half of the channels that vary least over all tokens, ascending.
    private static int[] QuietChannels(Tensor tokens)
    {
        using var scope = NewDisposeScope();
        var (sums, squares) = (new List<Tensor>(), new List<Tensor>());
        for (var f = 0; f < tokens.shape[0]; f++)
        {
            using var inner = NewDisposeScope();
            var frame = Rows.Frame(tokens, f).to(float64);
            sums.Add(frame.sum([0]).MoveToOuterDisposeScope());
            squares.Add((frame * frame).sum([0]).MoveToOuterDisposeScope());
        }
        var count = (double)(tokens.shape[0] * tokens.shape[1]);
        var mean = stack(sums, 0).sum([0]) / count;
        var variance = stack(squares, 0).sum([0]) / count - mean * mean;
        return [.. Ranking.Bottom(variance.ToArray<float>(), (int)tokens.shape[2] / 2).Order()];
    }

    // Float64: the scores of a still video differ by little.
    private static Tensor Units(Tensor frame, int[] channels)
    {
        using var scope = NewDisposeScope();
        var index = TensorData.From<long>([.. channels], channels.Length).to(frame.device);
        return Rows.Unit(frame.index_select(1, index).to(float64)).MoveToOuterDisposeScope();
    }

    // Σ over widths of exp(−‖x − c‖²/(2·width)).
    private static double[] Closeness(Tensor units, Tensor centre)
    {
        using var scope = NewDisposeScope();
        var squared = (units - centre).pow(2).sum([-1]).ToArray<double>();
        return Array.ConvertAll(squared, distance => s_widths.Sum(width => Math.Exp(-distance / (2 * width))));
    }

    private static double[] Scales(double[] unusual, double share)
    {
        var greatest = unusual.Where(value => !double.IsNaN(value)).DefaultIfEmpty(0).Max();
        var weights = Array.ConvertAll(unusual, value => double.IsNaN(value) ? 0 : Math.Exp((value - greatest) / Temperature));
        var total = weights.Sum();
        var shares = Array.ConvertAll(weights, weight => total > 0 ? weight / total : 0);
        var mean = shares.Average();
        return Array.ConvertAll(shares, p => Math.Min(share * (1 + p - mean), 1));
    }
}
