using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;

namespace HieraVid.Storage;

/// <summary>
/// A claim on a folder: a lease on an empty blob, which is renewed while this process lives and ends a minute after it. A
/// process that was stopped for longer than that may find its folder claimed by another; what both write has the same
/// names and the same contents, so nothing breaks but the other's belief to be alone.
/// </summary>
internal sealed class BlobClaim : IDisposable
{
    private static readonly TimeSpan s_term = TimeSpan.FromSeconds(60), s_renewal = TimeSpan.FromSeconds(20);

    private readonly BlobLeaseClient _lease;
    private readonly Timer _timer;

    private BlobClaim(BlobLeaseClient lease)
    {
        _lease = lease;
        _timer = new Timer(_ => Renew(), null, s_renewal, s_renewal);
    }

    internal static BlobClaim? TryTake(BlobClient blob)
    {
        try
        {
            if (!blob.Exists())
                blob.Upload(BinaryData.FromBytes(Array.Empty<byte>()), new BlobUploadOptions { Conditions = new BlobRequestConditions { IfNoneMatch = ETag.All } });
        }
        catch (RequestFailedException e) when (e.Status is 409 or 412)
        {
            // Another was faster, which is as well.
        }
        var lease = blob.GetBlobLeaseClient();
        try
        {
            lease.Acquire(s_term);
        }
        catch (RequestFailedException e) when (e.ErrorCode == BlobErrorCode.LeaseAlreadyPresent)
        {
            return null;
        }
        return new BlobClaim(lease);
    }

    public void Dispose()
    {
        _timer.Dispose();
        try
        {
            _lease.Release();
        }
        catch (Exception e) when (e is RequestFailedException or AggregateException)
        {
            // It is gone with its blob, or ends by itself.
        }
    }

    private void Renew()
    {
        try
        {
            _lease.Renew();
        }
        catch (Exception e) when (e is RequestFailedException or AggregateException)
        {
            // The next turn may do better; three of them are in a term.
        }
    }
}
