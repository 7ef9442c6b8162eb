using System.Net;
using System.Net.Sockets;

namespace HieraVid.Silo;

/// <summary>Ports on this machine.</summary>
internal static class FreePort
{
    /// <summary>The port that was asked for; else the usual one, or any free one where there is none or it is taken.</summary>
    internal static int Choose(int asked, int usual) => asked > 0 ? asked : usual > 0 && IsFree(usual) ? usual : Any();

    /// <summary>
    /// Waits until no other silo on this machine is between choosing its ports and opening them: two that chose the same
    /// would tell the cluster that the other is dead.
    /// </summary>
    /// <returns>To be disposed when the ports are open.</returns>
    internal static IDisposable? TakeTurn()
    {
        var path = Path.Combine(Path.GetTempPath(), "hieravid-ports.lock");
        for (var waited = 0; waited < 600; waited++)
        {
            try
            {
                // The system lets go of it when the process ends, however it ends.
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException)
            {
                Thread.Sleep(100);
            }
            catch (UnauthorizedAccessException)
            {
                // Another user's file: then the ports are a matter of luck, as everywhere else.
                return null;
            }
        }
        return null;
    }

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
