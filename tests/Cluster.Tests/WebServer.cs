using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace HieraVid.Cluster.Tests;

/// <summary>A server on 127.0.0.1 that has videos for those who bring the signature, and traps for the others.</summary>
internal sealed class WebServer : IDisposable
{
    internal const string Signature = "secret-of-the-address";

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);

    internal WebServer()
    {
        _listener.Start();
        _ = Task.Run(async () =>
        {
            while (true)
            {
                var connection = await _listener.AcceptTcpClientAsync();
                _ = Task.Run(() => AnswerAsync(connection));
            }
        });
    }

    /// <summary>What is served under a path, as a whole answer.</summary>
    internal ConcurrentDictionary<string, byte[]> Answers { get; } = new();

    internal ConcurrentQueue<string> Asked { get; } = new();

    internal Uri Address => new($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");

    internal void Serve(string path, byte[] file) =>
        Answers[path] = [.. Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nETag: \"1\"\r\nContent-Length: {file.Length}\r\n\r\n"), .. file];

    internal void Redirect(string path, string to) =>
        Answers[path] = Encoding.ASCII.GetBytes($"HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n");

    public void Dispose() => _listener.Stop();

    private async Task AnswerAsync(TcpClient connection)
    {
        using (connection)
        {
            var stream = connection.GetStream();
            var buffer = new byte[8192];
            var path = Encoding.ASCII.GetString(buffer, 0, await stream.ReadAsync(buffer)).Split(' ')[1];
            Asked.Enqueue(path);
            await stream.WriteAsync(Answers.GetValueOrDefault(path) ?? "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"u8.ToArray());
        }
    }
}
