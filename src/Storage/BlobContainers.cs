using Azure.Core;
using Azure.Storage.Blobs;

namespace HieraVid.Storage;

/// <summary>Finds the container, and the way to show who asks, from what the connection is.</summary>
internal static class BlobContainers
{
    /// <summary>The container's client; nothing is sent yet.</summary>
    /// <param name="connection">A connection string, a container's address with a signature, or an address without.</param>
    /// <param name="container">The container's name, where the connection does not hold it.</param>
    /// <param name="options">How it is asked.</param>
    /// <param name="identity">Who this process is; asked for only where the connection holds no secret.</param>
    /// <exception cref="FormatException">The connection cannot be. The message does not repeat it: it is a secret.</exception>
    internal static BlobContainerClient Open(
        string connection, string container, BlobClientOptions options, Func<TokenCredential> identity)
    {
        if (Uri.TryCreate(connection, UriKind.Absolute, out var address) && address.Scheme is "https" or "http")
        {
            if (address.Query.Length > 1)
                return new BlobContainerClient(address, options);
            if (address.Scheme != "https")
                throw new FormatException(
                    "The store's address has no signature, so this process's identity is shown to it: that needs https.");
            return new BlobContainerClient(address.AbsolutePath.Length > 1 ? address : new Uri(address, container), identity(), options);
        }
        try
        {
            return new BlobContainerClient(connection, container, options);
        }
        catch (FormatException)
        {
            throw new FormatException("The store's connection is neither a connection string nor an address: take one from the storage "
                + "account's access keys, or the account's https:// address for a managed identity.");
        }
    }
}
