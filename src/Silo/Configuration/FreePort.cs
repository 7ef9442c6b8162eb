using System.Net;
using System.Net.Sockets;

namespace HieraVid.Silo;

/// <summary>Ports on this machine.</summary>
internal static class FreePort
{
    /// <summary>The port that was asked for; else the usual one, or any free one where that is taken.</summary>
    internal static int Choose(int asked, int usual) => asked > 0 ? asked : IsFree(usual) ? usual : Any();

    internal static bool IsFree(int port)
    {
        try
        {
            using var listener = new TcpListener(IPAddress.Loopback, port);
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static int Any()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
