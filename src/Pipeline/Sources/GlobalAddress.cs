using System.Net;
using System.Net.Sockets;

namespace HieraVid.Pipeline.Sources;

/// <summary>
/// Tells addresses of the public network from those that lead into ours: this machine, private and link-local networks,
/// metadata services of clouds, and all ranges that IANA's registries of special-purpose addresses do not call global.
/// </summary>
public static class GlobalAddress
{
    private static readonly IPNetwork[] s_special =
    [
        .. new[]
        {
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
            "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3",
            // Azure's platform address is public by its range and serves metadata all the same.
            "168.63.129.16/32",
            // Within 2000::/3. The first two carry IPv4 addresses of any kind: Teredo and 6to4.
            "2001::/23", "2002::/16", "2001:db8::/32", "3fff::/20",
        }.Select(range => IPNetwork.Parse(range)),
    ];

    private static readonly IPNetwork s_unicast = IPNetwork.Parse("2000::/3");

    /// <summary>Whether an address is one of the public network.</summary>
    public static bool Is(IPAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        if (address.IsIPv4MappedToIPv6)
            address = address.MapToIPv4();
        return (address.AddressFamily == AddressFamily.InterNetwork || s_unicast.Contains(address))
            && !Array.Exists(s_special, range => range.Contains(address));
    }
}
