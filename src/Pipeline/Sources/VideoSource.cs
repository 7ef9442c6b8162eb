using HieraVid.Pipeline.Blobs;
using HieraVid.Pipeline.Jobs;

namespace HieraVid.Pipeline.Sources;

/// <summary>Where the video of a submitted job is.</summary>
public abstract record VideoSource
{
    private const string StoreScheme = "store:", VideoFolder = "videos/";

    private VideoSource()
    {
    }

    /// <summary>A video of the cluster's store.</summary>
    /// <param name="Name">Its name there.</param>
    public sealed record Stored(string Name) : VideoSource;

    /// <summary>A video to fetch.</summary>
    /// <param name="Address">Its address, which kept the rules.</param>
    public sealed record Web(Uri Address) : VideoSource;

    /// <summary>How a message names a video of the store.</summary>
    public static string OfStored(string name) => StoreScheme + name;

    /// <summary>The web address that a message names; null where it names something else.</summary>
    public static Uri? AddressOf(string source) =>
        Uri.TryCreate(source, UriKind.Absolute, out var address) && address.Scheme is "https" or "http" ? address : null;

    /// <summary>A source as it may be shown to anybody: of an address no user, password or query, which may be secrets.</summary>
    public static string Shown(string source) => AddressOf(source) is { } address ? Shown(address) : source;

    /// <summary>An address as it may be shown to anybody.</summary>
    public static string Shown(Uri address)
    {
        ArgumentNullException.ThrowIfNull(address);
        return address.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped);
    }

    /// <summary>Reads what a message names.</summary>
    /// <param name="source"><c>store:videos/…</c> or an address.</param>
    /// <param name="rules">Which addresses are let through.</param>
    /// <exception cref="JobException">It is neither, or breaks a rule. Paths of a silo's own disk are never let through.</exception>
    public static VideoSource Parse(string source, UrlRules rules)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(rules);
        if (source.StartsWith(StoreScheme, StringComparison.Ordinal))
        {
            var name = source[StoreScheme.Length..];
            return name.StartsWith(VideoFolder, StringComparison.Ordinal) && BlobName.IsSound(name)
                ? new Stored(name)
                : throw JobException.Bad("The video's name is none of a video in the cluster's store: upload it with hieravid submit.");
        }
        if (source.Length > 2048 || !Uri.TryCreate(source, UriKind.Absolute, out var address) || address.IsFile)
            throw JobException.Bad("The video is neither in the cluster's store (store:videos/…) nor an https address.");
        rules.Check(address);
        return new Web(address);
    }
}
