using System.Security.Cryptography;
using HieraVid.Pipeline.Blobs;
using HieraVid.Pipeline.Jobs;
using HieraVid.Pipeline.Tokens;
using HieraVid.Pruning;
using static TorchSharp.torch;

namespace HieraVid.Pipeline.Stages;

/// <summary>
/// One job's part of the store that all its workers share. What is written under a name is the same whoever wrote it, so
/// work that is done twice does no harm. Calls block.
/// </summary>
/// <param name="blobs">The store.</param>
/// <param name="job">The job's id.</param>
internal sealed class JobBlocks(IBlobs blobs, string job)
{
    /// <summary>Records of the whole job.</summary>
    internal const string Request = "request.json", Video = "video.json", Sheet = "sheet.json", Layout = "layout.json",
        PlanName = "plan.json", Result = "result.json";

    /// <summary>Kinds of what there is of every chunk.</summary>
    internal const string Decoded = "decoded", Frames = "frames", Tokens = "tokens", Border = "border", Summary = "summary";

    private readonly string _folder = BlobName.Check($"jobs/{job}");

    /// <summary>The kind of the pieces that a plan was applied to.</summary>
    internal static string Piece(string plan) => $"piece-{plan}";

    /// <summary>The name of a part of the job's work.</summary>
    internal static string Part(string kind, int index) => FormattableString.Invariant($"{kind}-{index:00000}");

    internal bool Has(string kind, int index) => blobs.Exists(Name(kind, index));

    /// <summary>Writes a record.</summary>
    /// <param name="name">Its name in the job's part.</param>
    /// <param name="record">The record.</param>
    internal void Write<T>(string name, T record) where T : notnull =>
        Put(name, ExactJson.Write(record));

    /// <summary>Writes a record that is packed already.</summary>
    internal void Put(string name, byte[] record) => blobs.Put($"{_folder}/{name}", path => File.WriteAllBytes(path, record));

    /// <summary>Reads a record.</summary>
    /// <returns>Null if it was not written.</returns>
    internal T? TryRead<T>(string name) where T : class
    {
        using var file = blobs.Get($"{_folder}/{name}");
        return file is null ? null : ExactJson.Read<T>(File.ReadAllBytes(file.Path));
    }

    /// <summary>Reads a record that must be there.</summary>
    /// <exception cref="JobException">It is not.</exception>
    internal T Read<T>(string name) where T : class => TryRead<T>(name) ?? throw Gone(name);

    /// <summary>Writes tensors.</summary>
    /// <param name="kind">What they are.</param>
    /// <param name="index">Of which chunk or piece.</param>
    /// <param name="tensors">By name; they stay the caller's.</param>
    internal void Write(string kind, int index, IReadOnlyDictionary<string, Tensor> tensors) =>
        blobs.Put(Name(kind, index), path => TokenBlock.Write(path, tensors, Facts(kind, index)));

    /// <summary>Reads tensors.</summary>
    /// <returns>In no dispose scope.</returns>
    /// <exception cref="JobException">They are not there, or damaged.</exception>
    internal IReadOnlyDictionary<string, Tensor> Read(string kind, int index, Device device)
    {
        using var file = blobs.Get(Name(kind, index));
        return (file is null ? null : TokenBlock.Read(file.Path, Facts(kind, index), device)) ?? throw Gone(Part(kind, index));
    }

    internal void Remove(string kind, int index) => blobs.Delete(Name(kind, index));

    /// <summary>A chunk's tokens and signals; to be freed by the caller.</summary>
    internal TokenChunk ReadTokens(int chunk, Device device)
    {
        var tensors = Read(Tokens, chunk, device);
        return new TokenChunk(0, tensors[Tokens], null)
        {
            Signals = tensors.Where(named => named.Key != Tokens).ToDictionary(named => Enum.Parse<VisionSignal>(named.Key), named => named.Value),
        };
    }

    internal void WriteTokens(int chunk, Tensor tokens, IReadOnlyDictionary<VisionSignal, Tensor> signals) =>
        Write(Tokens, chunk, signals.ToDictionary(signal => signal.Key.ToString(), signal => signal.Value).Append(new(Tokens, tokens)).ToDictionary());

    /// <summary>Writes the plan.</summary>
    /// <returns>Its digest.</returns>
    internal string WritePlan(PruningPlan plan)
    {
        var bytes = ExactJson.Write(plan);
        Put(PlanName, bytes);
        return Digest(bytes);
    }

    internal (PruningPlan Plan, string Digest) ReadPlan()
    {
        using var file = blobs.Get($"{_folder}/{PlanName}") ?? throw Gone(PlanName);
        var bytes = File.ReadAllBytes(file.Path);
        return (ExactJson.Read<PruningPlan>(bytes), Digest(bytes));
    }

    /// <summary>What stays of the job for those who want to see why it answered so.</summary>
    internal ReportBlocks Report => new(blobs, job);

    /// <summary>Removes all but the result and the report; and these, too, where nobody was answered.</summary>
    internal void Clear(bool isAnswered = true)
    {
        foreach (var file in blobs.List(_folder).Where(file => !isAnswered || file.Name != $"{_folder}/{Result}"))
            blobs.Delete(file.Name);
        if (!isAnswered)
            Report.Clear();
    }

    private string Name(string kind, int index) => $"{_folder}/{Part(kind, index)}";

    private Dictionary<string, string> Facts(string kind, int index) =>
        new() { ["job"] = job, ["stage"] = kind, ["chunk"] = FormattableString.Invariant($"{index}") };

    private static string Digest(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes))[..16];

    private JobException Gone(string name) => JobException.Ours($"{name} of job {job} is missing or damaged in the store {blobs.Name}: submit the job again.");
}
