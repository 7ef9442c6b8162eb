using System.CommandLine;
using HieraVid.Pipeline.Jobs;

namespace HieraVid.Client.Cluster;

/// <summary>The option that says where the cluster is.</summary>
internal sealed class ClusterOption
{
    private const string Variable = "HIERAVID_CLUSTER_URL", Standard = "http://127.0.0.1:5480";

    private readonly Option<string?> _address = new("--cluster")
    {
        HelpName = "URL",
        Description = $"Where a silo with the role ingress is. Default: ${Variable} or {Standard}.",
    };

    internal void AddTo(Command command) => command.Add(_address);

    internal ClusterApi Open(ParseResult parsed)
    {
        var text = parsed.GetValue(_address) ?? Environment.GetEnvironmentVariable(Variable);
        if (string.IsNullOrEmpty(text))
            text = Standard;
        return Uri.TryCreate(text.TrimEnd('/') + "/", UriKind.Absolute, out var address) && address.Scheme is "http" or "https"
            ? new ClusterApi(address)
            : throw JobException.Bad($"--cluster {text} is no http:// or https:// address.");
    }

    /// <summary>The argument that names a job.</summary>
    internal static Argument<string> Job() => new("ID") { Description = "The job's id, as submit printed it." };

    /// <summary>Reads it.</summary>
    internal static Guid Read(string id) => Guid.TryParse(id, out var job)
        ? job
        : throw JobException.Bad($"'{id}' is no job's id: submit prints it, and jobs lists them.");
}
