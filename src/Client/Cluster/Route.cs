using System.CommandLine;
using HieraVid.Pipeline.Blobs;
using HieraVid.Pipeline.Jobs;
using HieraVid.Pipeline.Sources;
using HieraVid.Storage;

namespace HieraVid.Client.Cluster;

/// <summary>The way of a job into the cluster: through the broker where one is named, else over HTTP; and of its video.</summary>
internal sealed class Route
{
    private readonly Option<string?> _store = new("--blobs")
    {
        HelpName = "NAME",
        Description = "Upload the video to this container of the Azure account in HIERAVID_BLOBS. Without it the silos read the file where it is.",
    };

    internal BrokerOption Broker { get; } = new();

    internal ClusterOption Cluster { get; } = new();

    internal void AddTo(Command command)
    {
        Broker.AddTo(command);
        command.Add(_store);
        Cluster.AddTo(command);
    }

    /// <summary>What the cluster is to know the video by.</summary>
    internal async Task<string> SourceAsync(ParseResult parsed, string video, CancellationToken cancellation)
    {
        // What of the web is fetched is for the cluster to say.
        if (VideoSource.AddressOf(video) is not null || video.StartsWith("store:", StringComparison.Ordinal))
            return video;
        var path = Path.GetFullPath(video);
        if (!File.Exists(path))
            throw JobException.Bad($"There is no file {video}.");
        return parsed.GetValue(_store) is { } container
            ? await UploadAsync(container, path, cancellation).ConfigureAwait(false)
            : $"file:{path}";
    }

    private static async Task<string> UploadAsync(string container, string path, CancellationToken cancellation)
    {
        var account = Environment.GetEnvironmentVariable("HIERAVID_BLOBS");
        if (string.IsNullOrEmpty(account))
            throw JobException.Bad("--blobs needs the Azure account's connection string or https:// address in HIERAVID_BLOBS.");
        var scratch = Path.Combine(Path.GetTempPath(), "hieravid-upload");
        using var shelf = new VideoShelf(Connect(account, container, scratch), scratch, VideoShelf.DefaultLimitBytes);
        return "store:" + await shelf.AddAsync(path, null, cancellation).ConfigureAwait(false);
    }

    private static AzureBlobs Connect(string account, string container, string scratch)
    {
        try
        {
            return AzureBlobs.Connect(account, container, scratch);
        }
        catch (FormatException e)
        {
            throw JobException.Bad(e.Message);
        }
    }
}
