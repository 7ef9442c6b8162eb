namespace HieraVid.Pipeline.Blobs;

/// <summary>Copies a large file so that it has its name only when it is whole.</summary>
internal static class FileCopy
{
    private const int BufferBytes = 1 << 20;

    internal static async Task RunAsync(string from, string to, IProgress<long>? copied, CancellationToken cancellation)
    {
        var growing = $"{to}.{Guid.NewGuid():N}.tmp";
        try
        {
            var source = new FileStream(from, FileMode.Open, FileAccess.Read, FileShare.Read, 0, FileOptions.Asynchronous);
            await using (source.ConfigureAwait(false))
            {
                var target = new FileStream(growing, FileMode.CreateNew, FileAccess.Write, FileShare.None, 0, FileOptions.Asynchronous);
                await using (target.ConfigureAwait(false))
                {
                    var buffer = new byte[BufferBytes];
                    for (int read; (read = await source.ReadAsync(buffer, cancellation).ConfigureAwait(false)) > 0;)
                    {
                        await target.WriteAsync(buffer.AsMemory(0, read), cancellation).ConfigureAwait(false);
                        copied?.Report(target.Position);
                    }
                }
            }
            File.Move(growing, to, overwrite: true);
        }
        catch
        {
            File.Delete(growing);
            throw;
        }
    }
}
