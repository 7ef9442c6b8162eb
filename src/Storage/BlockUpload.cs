using System.Security.Cryptography;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;

namespace HieraVid.Storage;

/// <summary>
/// Uploads a file in blocks that are named after what they hold. Blocks that an interrupted upload got over wait at the
/// service for a week: they are found by their names and not sent again. The blob appears when all are there.
/// </summary>
internal sealed class BlockUpload(BlockBlobClient blob, int blockBytes)
{
    private const int Parallel = 4;

    internal async Task RunAsync(string file, IProgress<long>? sent, CancellationToken cancellation)
    {
        var staged = await StagedAsync(cancellation).ConfigureAwait(false);
        using var source = File.OpenHandle(file, FileMode.Open, FileAccess.Read, FileShare.Read, FileOptions.SequentialScan);
        var length = RandomAccess.GetLength(source);
        var ids = new string[(length + blockBytes - 1) / blockBytes];
        long done = 0;
        await System.Threading.Tasks.Parallel.ForEachAsync(
            Enumerable.Range(0, ids.Length), new ParallelOptions { MaxDegreeOfParallelism = Parallel, CancellationToken = cancellation },
            async (index, cancel) =>
            {
                var start = (long)index * blockBytes;
                var bytes = new byte[Math.Min(blockBytes, length - start)];
                for (var read = 0; read < bytes.Length;)
                {
                    var more = await RandomAccess.ReadAsync(source, bytes.AsMemory(read), start + read, cancel).ConfigureAwait(false);
                    if (more == 0)
                        throw new EndOfStreamException($"{file} became shorter while it was uploaded");
                    read += more;
                }
                // All names of a blob's blocks must be of one length.
                var id = ids[index] = Convert.ToBase64String(SHA256.HashData(bytes));
                if (!staged.Contains((id, bytes.Length)))
                {
                    using var content = new MemoryStream(bytes, writable: false);
                    await blob.StageBlockAsync(id, content, new BlockBlobStageBlockOptions(), cancel).ConfigureAwait(false);
                }
                sent?.Report(Interlocked.Add(ref done, bytes.Length));
            }).ConfigureAwait(false);
        await blob.CommitBlockListAsync(ids, cancellationToken: cancellation).ConfigureAwait(false);
    }

    private async Task<HashSet<(string, int)>> StagedAsync(CancellationToken cancellation)
    {
        try
        {
            var list = await blob.GetBlockListAsync(BlockListTypes.Uncommitted, cancellationToken: cancellation).ConfigureAwait(false);
            return [.. list.Value.UncommittedBlocks.Select(block => (block.Name, block.Size))];
        }
        catch (Azure.RequestFailedException e) when (e.Status == 404)
        {
            return [];
        }
    }
}
