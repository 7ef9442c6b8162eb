using Azure;
using Azure.Core;
using Azure.Identity;
using Azure.Storage;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;
using HieraVid.Pipeline.Blobs;

namespace HieraVid.Storage;

/// <summary>A container of Azure Blob Storage. Safe from several threads at once.</summary>
public sealed class AzureBlobs : IBlobs
{
    private const int BlockBytes = 8 << 20;

    private readonly BlobContainerClient _container;
    private readonly string _scratch;

    /// <summary>Uses a container.</summary>
    /// <param name="container">The container; see <see cref="Connect"/>.</param>
    /// <param name="scratch">Local folder for what is on its way to or from the container; made when it is first needed.</param>
    public AzureBlobs(BlobContainerClient container, string scratch)
    {
        ArgumentNullException.ThrowIfNull(container);
        (_container, _scratch) = (container, scratch);
        // Without the query: it may hold a signature.
        Name = container.Uri.GetLeftPart(UriPartial.Path);
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public string Remedy => "check the storage account's address, key or role assignment, and firewall, and that the container exists";

    /// <inheritdoc/>
    public long? FreeBytes => null;

    /// <summary>Connects to a container; nothing is sent yet.</summary>
    /// <param name="connection">
    /// A connection string with the account's key or a shared access signature; the container's address with a signature; or
    /// the account's (or the container's) https address, which is asked by the identity that this process has in Azure.
    /// </param>
    /// <param name="container">The container's name; not used where the connection is a container's address.</param>
    /// <param name="scratch">Local folder for what is on its way.</param>
    /// <exception cref="FormatException">The connection is none of these. The message does not repeat it: it is a secret.</exception>
    public static AzureBlobs Connect(string connection, string container, string scratch)
    {
        // Some 20 s in all: a store that is away for ten is no reason to fail a job.
        var options = new BlobClientOptions
        {
            Retry = { Mode = RetryMode.Exponential, MaxRetries = 5, Delay = TimeSpan.FromSeconds(0.6), MaxDelay = TimeSpan.FromSeconds(8), NetworkTimeout = TimeSpan.FromSeconds(60) },
        };
        // The identity that the surroundings give: a workload identity or a managed one in a cluster, variables, the developer's login.
        return new AzureBlobs(BlobContainers.Open(connection, container, options, () => new DefaultAzureCredential()), scratch);
    }

    /// <summary>Makes the container where it is missing. Deployment does this; a silo needs no right to.</summary>
    public void CreateIfMissing() => Guard(() => _container.CreateIfNotExists());

    /// <inheritdoc/>
    public bool Exists(string name) => Guard(() => BlobOf(name).Exists().Value);

    /// <inheritdoc/>
    public void Put(string name, Action<string> write)
    {
        ArgumentNullException.ThrowIfNull(write);
        var blob = BlobOf(name);
        using var file = Scratch();
        write(file.Path);
        var options = new BlobUploadOptions { TransferOptions = new StorageTransferOptions { InitialTransferSize = BlockBytes, MaximumTransferSize = BlockBytes } };
        Guard(() => blob.Upload(file.Path, options));
    }

    /// <inheritdoc/>
    public LocalFile? Get(string name)
    {
        var file = Scratch();
        try
        {
            Guard(() => BlobOf(name).DownloadTo(file.Path));
            return file;
        }
        catch (FileNotFoundException)
        {
            file.Dispose();
            return null;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<BlobEntry> List(string folder) => Guard<IReadOnlyList<BlobEntry>>(() =>
        [.. _container.GetBlobs(new GetBlobsOptions { Prefix = folder.Length == 0 ? null : BlobName.Check(folder) + "/" }).Select(blob =>
            new BlobEntry(blob.Name, blob.Properties.ContentLength ?? 0, blob.Properties.LastModified?.UtcDateTime ?? DateTime.UtcNow))]);

    /// <inheritdoc/>
    public void Delete(string name)
    {
        var blob = BlobOf(name);
        Guard(() =>
        {
            try
            {
                blob.DeleteIfExists();
            }
            catch (RequestFailedException e) when (e.ErrorCode == BlobErrorCode.LeaseIdMissing)
            {
                blob.GetBlobLeaseClient().Break(TimeSpan.Zero);
                blob.DeleteIfExists();
            }
            return true;
        });
    }

    /// <inheritdoc/>
    public void DeleteFolder(string folder)
    {
        foreach (var blob in List(BlobName.Check(folder)))
            Delete(blob.Name);
    }

    /// <inheritdoc/>
    public IDisposable? TryClaim(string folder) => Guard(() => BlobClaim.TryTake(BlobOf($"{folder}/{BlobName.Claim}")));

    /// <inheritdoc/>
    public Task UploadAsync(string name, string file, IProgress<long>? sent, CancellationToken cancellation) =>
        GuardAsync(() => new BlockUpload(_container.GetBlockBlobClient(BlobName.Check(name)), BlockBytes).RunAsync(file, sent, cancellation));

    /// <inheritdoc/>
    public Task DownloadAsync(string name, string path, CancellationToken cancellation)
    {
        var options = new BlobDownloadToOptions { TransferOptions = new StorageTransferOptions { MaximumConcurrency = 4, MaximumTransferSize = BlockBytes, InitialTransferSize = BlockBytes } };
        return GuardAsync(() => BlobOf(name).DownloadToAsync(path, options, cancellation));
    }

    private BlobClient BlobOf(string name) => _container.GetBlobClient(BlobName.Check(name));

    private LocalFile Scratch()
    {
        Directory.CreateDirectory(_scratch);
        var path = Path.Combine(_scratch, Guid.NewGuid().ToString("N"));
        return new LocalFile(path, () => File.Delete(path));
    }

    private static T Guard<T>(Func<T> act)
    {
        try
        {
            return act();
        }
        catch (Exception e) when (Translate(e) is { } failure)
        {
            throw failure;
        }
    }

    private static async Task GuardAsync(Func<Task> act)
    {
        try
        {
            await act().ConfigureAwait(false);
        }
        catch (Exception e) when (Translate(e) is { } failure)
        {
            throw failure;
        }
    }

    // One line without the request's address and headers, which may hold a signature.
    private static IOException? Translate(Exception exception) => exception switch
    {
        RequestFailedException { Status: 404 } e when e.ErrorCode == BlobErrorCode.BlobNotFound => new FileNotFoundException("there is no such file"),
        RequestFailedException { Status: > 0 } e => new IOException($"the service answered {e.Status} {e.ErrorCode}", e),
        RequestFailedException e => new IOException($"the service cannot be reached: {FirstLine(e)}", e),
        AuthenticationFailedException e => new IOException($"this process has no identity that the service takes: {FirstLine(e)}", e),
        AggregateException { InnerExceptions: [.., RequestFailedException last] } => Translate(last),
        _ => null,
    };

    private static string FirstLine(Exception e) => e.Message.Split('\n')[0].Trim();
}
