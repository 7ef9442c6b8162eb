using Azure.Core;
using Azure.Core.Pipeline;
using Azure.Storage.Blobs;

namespace HieraVid.Storage.Tests;

/// <summary>Who is shown to the storage account, by what the connection is. What would be sent is caught before it leaves.</summary>
public sealed class BlobContainersTests
{
    private const string Key = "DefaultEndpointsProtocol=https;AccountName=acc;AccountKey=c2VjcmV0;EndpointSuffix=core.windows.net";

    [Theory]
    [InlineData("https://acc.blob.core.windows.net", "https://acc.blob.core.windows.net/films?restype=container", "Bearer token-of-this-process")]
    [InlineData("https://acc.blob.core.windows.net/", "https://acc.blob.core.windows.net/films?restype=container", "Bearer token-of-this-process")]
    [InlineData("https://acc.blob.core.windows.net/mine", "https://acc.blob.core.windows.net/mine?restype=container", "Bearer token-of-this-process")]
    [InlineData("https://acc.blob.core.windows.net/mine?sv=1&sig=abc", "https://acc.blob.core.windows.net/mine?sv=1&sig=abc&restype=container", "")]
    [InlineData(Key, "https://acc.blob.core.windows.net/films?restype=container", "SharedKey acc:")]
    public async Task An_address_without_a_secret_is_asked_by_the_identity_of_this_process(string connection, string address, string authorization)
    {
        using var wire = new Wire();
        using var http = new HttpClient(wire);
        var identity = new Identity();
        var options = new BlobClientOptions { Transport = new HttpClientTransport(http), Retry = { MaxRetries = 0 } };
        var container = BlobContainers.Open(connection, "films", options, () => identity);
        await container.ExistsAsync(TestContext.Current.CancellationToken);
        Assert.Equal(address, wire.Address);
        Assert.StartsWith(authorization, wire.Authorization, StringComparison.Ordinal);
        Assert.Equal(authorization.Length == 0, wire.Authorization.Length == 0);
        Assert.Equal(authorization.StartsWith("Bearer", StringComparison.Ordinal), identity.Asked);
    }

    [Theory]
    [InlineData("http://10.0.0.1/films", "needs https")]
    [InlineData("AccountKey=c2VjcmV0", "neither a connection string nor an address")]
    public void What_cannot_be_is_refused_without_being_repeated(string connection, string sentence)
    {
        var message = Assert.Throws<FormatException>(() => AzureBlobs.Connect(connection, "films", Path.GetTempPath())).Message;
        Assert.Contains(sentence, message, StringComparison.Ordinal);
        Assert.DoesNotContain("c2VjcmV0", message, StringComparison.Ordinal);
    }

    private sealed class Identity : TokenCredential
    {
        internal bool Asked { get; private set; }

        public override AccessToken GetToken(TokenRequestContext requestContext, CancellationToken cancellationToken)
        {
            Asked = true;
            return new AccessToken("token-of-this-process", DateTimeOffset.MaxValue);
        }

        public override ValueTask<AccessToken> GetTokenAsync(TokenRequestContext requestContext, CancellationToken cancellationToken) =>
            ValueTask.FromResult(GetToken(requestContext, cancellationToken));
    }

    private sealed class Wire : HttpMessageHandler
    {
        internal string Address { get; private set; } = "";

        internal string Authorization { get; private set; } = "";

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Address = request.RequestUri!.AbsoluteUri;
            Authorization = request.Headers.Authorization?.ToString() ?? "";
            return Task.FromResult(new HttpResponseMessage(System.Net.HttpStatusCode.OK) { RequestMessage = request });
        }
    }
}
