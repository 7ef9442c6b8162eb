using HieraVid.Pipeline.Jobs;
using HieraVid.Pipeline.Running;
using HieraVid.Pruning;
using HieraVid.Torch;
using static TorchSharp.torch;

namespace HieraVid.Pipeline.Stages;

/// <summary>The stages of one device on which visual tokens are: encoding, summarising, applying the plan.</summary>
/// <param name="model">The model on the device.</param>
/// <param name="cache">Tokens that stay on the device.</param>
internal sealed class TokenStages(LoadedModel model, TokenCache cache)
{
    private Device Device => model.Network.Compute.Device;

    /// <summary>Turns a chunk's frames into tokens; nothing is done where they are there.</summary>
    /// <returns>Frames that could be decoded.</returns>
    internal int Encode(OpenJob job, Chunk chunk, CancellationToken cancellation)
    {
        var (blocks, prepared) = (job.Blocks, job.Prepared(model));
        var decoded = blocks.TryRead<DecodedChunk>(JobBlocks.Part(JobBlocks.Decoded, chunk.Index))
            ?? throw new InvalidOperationException($"Chunk {chunk.Index} was to be encoded before it was decoded.");
        if (decoded.Samples.Length == 0 || blocks.Has(JobBlocks.Tokens, chunk.Index))
            return decoded.Samples.Length;
        var encoded = Encode(blocks, prepared, chunk, decoded, cancellation);
        WriteBorder(blocks, chunk.Index, encoded.Tokens!);
        blocks.WriteTokens(chunk.Index, encoded.Tokens!, encoded.Signals);
        cache.Put((job.Id, chunk.Index), new TokenChunk(0, encoded.Tokens!, null) { Signals = encoded.Signals });
        blocks.Remove(JobBlocks.Frames, chunk.Index);
        return decoded.Samples.Length;
    }

    /// <summary>Says what the plan needs to know of a chunk.</summary>
    internal void Summarise(OpenJob job, JobCommand.SummariseChunk command)
    {
        var name = JobBlocks.Part(JobBlocks.Summary, command.Index);
        if (job.Blocks.Has(JobBlocks.Summary, command.Index))
            return;
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        using var previous = command.Previous is { } before ? job.Blocks.Read(JobBlocks.Border, before, Device)[JobBlocks.Border] : null;
        using var held = cache.Take((job.Id, command.Index), () => job.Blocks.ReadTokens(command.Index, Device));
        job.Blocks.Write(name, job.Prepared(model).Method.Summarise(held.Chunk with { FirstFrame = command.FirstFrame, Previous = previous }));
    }

    /// <summary>Applies the plan to a piece.</summary>
    internal void Apply(OpenJob job, JobCommand.ApplyPiece command)
    {
        var (plan, digest) = job.Plan();
        if (job.Blocks.Has(JobBlocks.Piece(digest), command.Index))
            return;
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        var held = job.Layout().Chunks.Where(chunk => chunk.Frames.First < command.Piece.End && chunk.Frames.End > command.Piece.First)
            .Select(chunk => (chunk.Frames, Lease: cache.Take((job.Id, chunk.Index), () => job.Blocks.ReadTokens(chunk.Index, Device)))).ToList();
        try
        {
            var piece = TokenChunk.Of(command.Piece, held.Select(part => part.Lease.Chunk with { FirstFrame = part.Frames.First }));
            job.Blocks.Write(JobBlocks.Piece(digest), command.Index, PrunedBlock.Of(job.Prepared(model).Method.Apply(piece, plan)));
        }
        finally
        {
            foreach (var part in held)
                part.Lease.Dispose();
        }
    }

    private EncodedChunk Encode(JobBlocks blocks, PreparedJob job, Chunk chunk, DecodedChunk decoded, CancellationToken cancellation)
    {
        var frames = blocks.Read(JobBlocks.Frames, chunk.Index, CPU)[JobBlocks.Frames];
        var pieces = new List<(Tensor Tokens, Dictionary<VisionSignal, Tensor> Signals)>();
        try
        {
            var grid = job.Planned.Grid;
            var (rgb, batch) = (frames.ToArray<byte>().AsMemory(), ChunkEncoder.BatchFrames(grid) * grid.Height * grid.Width * 3);
            for (var at = 0; at < rgb.Length; at += batch)
            {
                cancellation.ThrowIfCancellationRequested();
                pieces.Add(ChunkEncoder.Encode(model, job.Method.Signals, grid, rgb.Span[at..Math.Min(at + batch, rgb.Length)], cancellation));
            }
            return ChunkEncoder.Join(pieces, job.Method.Signals, decoded.Samples);
        }
        finally
        {
            frames.Dispose();
            foreach (var tensor in pieces.SelectMany(piece => piece.Signals.Values.Append(piece.Tokens)))
                tensor.Dispose();
        }
    }

    // The last frame of a chunk is all that the next one needs of it.
    private static void WriteBorder(JobBlocks blocks, int chunk, Tensor tokens)
    {
        using var scope = NewDisposeScope();
        blocks.Write(JobBlocks.Border, chunk, new Dictionary<string, Tensor> { [JobBlocks.Border] = tokens.select(0, tokens.shape[0] - 1) });
    }
}
