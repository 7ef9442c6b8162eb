using System.Net;
using System.Net.Sockets;

namespace HieraVid.TestParts;

/// <summary>Ports of this machine's loopback that nobody listens on.</summary>
internal static class LoopbackPort
{
    internal static int Free()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
