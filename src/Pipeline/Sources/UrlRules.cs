using System.Net;
using HieraVid.Pipeline.Jobs;

namespace HieraVid.Pipeline.Sources;

/// <summary>Which addresses a cluster fetches videos from. By itself: none.</summary>
public sealed record UrlRules
{
    /// <summary>20 GB: ten hours of 1080p.</summary>
    public const long DefaultMaxBytes = 20_000_000_000;

    /// <summary>
    /// Hosts: <c>videos.example.org</c> by itself, <c>*.example.org</c> with all below it, <c>*</c> for any host of the public
    /// network.
    /// </summary>
    public IReadOnlyList<string> Hosts { get; init; } = [];

    /// <summary>Whether <c>http</c> is let through beside <c>https</c>.</summary>
    public bool AllowHttp { get; init; }

    /// <summary>Ports; by itself those of the two schemes.</summary>
    public IReadOnlyList<int> Ports { get; init; } = [80, 443];

    /// <summary>Networks of our own that may be dialled beside the public one; by itself none.</summary>
    public IReadOnlyList<IPNetwork> Networks { get; init; } = [];

    /// <summary>Longest file, in bytes.</summary>
    public long MaxBytes { get; init; } = DefaultMaxBytes;

    /// <summary>How often an answer may point elsewhere.</summary>
    public int MaxRedirects { get; init; } = 5;

    /// <summary>Longest time for all of it. 20 minutes: less than a piece of a cluster's work may take.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(20);

    /// <summary>Whether an address may be dialled.</summary>
    public bool MayDial(IPAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        // A network is written as IPv4 or IPv6; an IPv4 address comes as either.
        var plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        return GlobalAddress.Is(plain) || Networks.Any(network => network.Contains(plain));
    }

    /// <summary>Checks all of an address that can be checked without looking it up.</summary>
    /// <exception cref="JobException">It breaks a rule.</exception>
    public void Check(Uri address)
    {
        ArgumentNullException.ThrowIfNull(address);
        if (!address.IsAbsoluteUri || !(address.Scheme == "https" || (address.Scheme == "http" && AllowHttp)))
            throw Refused(address, AllowHttp ? "only http and https addresses are fetched" : "only https addresses are fetched");
        if (address.UserInfo.Length > 0)
            throw Refused(address, "it holds a user or password");
        if (!Ports.Contains(address.Port))
            throw Refused(address, $"port {address.Port} is not among those allowed");
        if (Hosts.Count == 0)
            throw Refused(address, "this cluster fetches no addresses; upload the video, or have the operator allow the host");
        if (!Hosts.Any(rule => Matches(rule, address.IdnHost)))
            throw Refused(address, $"the host {address.IdnHost} is not among those allowed");
    }

    internal static JobException Refused(Uri address, string why) =>
        JobException.Bad($"The video's address {(address.IsAbsoluteUri ? VideoSource.Shown(address) : "")} is refused: {why}.");

    private static bool Matches(string rule, string host) =>
        rule == "*"
        || host.Equals(rule, StringComparison.OrdinalIgnoreCase)
        || (rule.StartsWith("*.", StringComparison.Ordinal) && host.EndsWith(rule[1..], StringComparison.OrdinalIgnoreCase));
}
