using HieraVid.Pipeline.Blobs;
using HieraVid.Pipeline.Jobs;

namespace HieraVid.Pipeline.Tokens;

/// <summary>Where encoded tokens wait when memory is short, from where a killed job goes on, and where silos meet.</summary>
/// <param name="Blobs">The place, for tokens alone: folders that nobody used for a week are removed from it.</param>
/// <param name="LimitBytes">Most that all jobs together may hold there.</param>
public sealed record TokenStore(IBlobs Blobs, long LimitBytes)
{
    /// <summary>50 GB: an hour at 2 frames per second with a 7B model is 10 GB.</summary>
    public const long DefaultLimitBytes = 50_000_000_000;

    // Older blocks are those of a job that nobody went on with.
    private static readonly TimeSpan s_abandoned = TimeSpan.FromDays(7);

    /// <summary>A store in a local folder.</summary>
    /// <param name="folder">The folder; made when it is first needed.</param>
    /// <param name="limitBytes">Most that all jobs together may hold there.</param>
    public TokenStore(string folder, long limitBytes) : this(new FolderBlobs(folder), limitBytes)
    {
    }

    /// <summary>The user's own folder: HIERAVID_STORE, or the cache folder of the system.</summary>
    public static string DefaultFolder
    {
        get
        {
            var folder = Environment.GetEnvironmentVariable("HIERAVID_STORE");
            if (!string.IsNullOrEmpty(folder))
                return folder;
            return Path.Combine(UserCache.Folder, "tokens");
        }
    }

    /// <summary>The store in the user's own folder.</summary>
    public static TokenStore Default => new(DefaultFolder, DefaultLimitBytes);

    /// <summary>Opens the part of the store that belongs to a job, for this process alone.</summary>
    /// <param name="key">The job's key.</param>
    /// <param name="bytes">What the job is going to hold.</param>
    /// <param name="resume">Whether to go on with what an earlier run left.</param>
    /// <exception cref="JobException">
    /// The store cannot be used, has no room, or another process goes on with the same job.
    /// </exception>
    public StoredJob Open(string key, long bytes, bool resume)
    {
        try
        {
            RemoveAbandoned(key);
            var job = Claim(key, resume);
            try
            {
                Reserve(job.HeldBytes, bytes);
            }
            catch
            {
                if (job.HeldBytes == 0)
                    job.Remove();
                job.Dispose();
                throw;
            }
            return job;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unusable(e);
        }
    }

    /// <summary>The sentence for a store that cannot be read or written.</summary>
    internal JobException Unusable(Exception cause) => JobException.Bad(
        $"The token store {Blobs.Name} cannot be used ({cause.Message.TrimEnd('.')}): {Blobs.Remedy}.");

    private StoredJob Claim(string key, bool resume)
    {
        // Another run at work on the same job keeps its folder; a second one that does not resume takes one of its own.
        for (var i = 0; ; i++)
        {
            var folder = i == 0 ? key : $"{key}-{i}";
            if (Blobs.TryClaim(folder) is { } claim)
            {
                var job = new StoredJob(this, folder, key, claim);
                if (!resume)
                    job.Clear();
                return job;
            }
            if (resume)
                throw JobException.Bad($"Another run of this job is at work in {Blobs.Name}/{folder}: wait for it, or leave out --resume.");
        }
    }

    private void Reserve(long held, long bytes)
    {
        var others = Blobs.List("").Sum(file => file.Bytes) - held;
        if (others + bytes > LimitBytes)
        {
            throw JobException.Bad(FormattableString.Invariant(
                $"The token store {Blobs.Name} may hold {Gigabytes(LimitBytes)}, other jobs hold {Gigabytes(others)} of it and this job needs {Gigabytes(bytes)}: remove what is old there, raise --store-limit, or take fewer frames."));
        }
        if (Blobs.FreeBytes is { } free && bytes > free + held)
        {
            throw JobException.Bad(FormattableString.Invariant(
                $"The disk of the token store {Blobs.Name} has {Gigabytes(free + held)} free and this job needs {Gigabytes(bytes)}: make room, name another folder with --store, or take fewer frames."));
        }
    }

    private void RemoveAbandoned(string key)
    {
        foreach (var folder in Blobs.List("").Where(file => file.Name.Contains('/', StringComparison.Ordinal)).GroupBy(file => file.Name[..file.Name.IndexOf('/', StringComparison.Ordinal)]))
        {
            if (folder.Key == key || DateTime.UtcNow - folder.Max(file => file.ModifiedUtc) < s_abandoned || !BlobName.IsSound(folder.Key))
                continue;
            using var claim = Blobs.TryClaim(folder.Key);
            if (claim is not null)
                Blobs.DeleteFolder(folder.Key);
        }
    }

    private static string Gigabytes(long bytes) => FormattableString.Invariant($"{bytes / 1e9:0.###} GB");
}
