using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace HieraVid.Silo.Tests;

/// <summary>A collector as silos know it: OTLP over HTTP, with protocol buffers in the bodies.</summary>
internal sealed class Collector : IAsyncDisposable
{
    private readonly ConcurrentQueue<(string Path, byte[] Body)> _received = [];
    private readonly WebApplication _app;

    private Collector()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        _app = builder.Build();
        _app.MapPost("/v1/{signal}", async (HttpRequest request) =>
        {
            using var body = new MemoryStream();
            await request.Body.CopyToAsync(body);
            _received.Enqueue((request.Path, body.ToArray()));
        });
    }

    internal string Address => _app.Urls.First();

    /// <summary>Names of the metrics that came.</summary>
    internal IEnumerable<string> Metrics => Items("metrics").Select(metric => metric.Text(1));

    /// <summary>The spans that came.</summary>
    internal IEnumerable<Span> Spans => Items("traces").Select(span =>
        new Span(span.Text(5), Convert.ToHexStringLower(span.Bytes(1)), Convert.ToHexStringLower(span.Bytes(4))));

    /// <summary>What the logs that came say.</summary>
    internal IEnumerable<string> Logs => Items("logs").Select(record => record.Parts(5).First().Text(1));

    internal static async Task<Collector> StartAsync()
    {
        var collector = new Collector();
        await collector._app.StartAsync();
        return collector;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    // All three kinds of message are alike: a resource (1), in it a scope (2), in it the items (2).
    private IEnumerable<Message> Items(string signal) => _received.Where(one => one.Path == $"/v1/{signal}")
        .SelectMany(one => new Message(one.Body).Parts(1)).SelectMany(resource => resource.Parts(2)).SelectMany(scope => scope.Parts(2));

    internal sealed record Span(string Name, string Trace, string Parent);

    /// <summary>A message of protocol buffers, of which only the fields of a length are read.</summary>
    private readonly struct Message(ReadOnlyMemory<byte> body)
    {
        private readonly ReadOnlyMemory<byte> _body = body;

        internal IEnumerable<Message> Parts(int field) =>
            Fields().Where(part => part.Field == field).Select(part => new Message(part.Body));

        internal byte[] Bytes(int field) => Parts(field).Select(part => part._body.ToArray()).FirstOrDefault([]);

        internal string Text(int field) => System.Text.Encoding.UTF8.GetString(Bytes(field));

        private List<(int Field, ReadOnlyMemory<byte> Body)> Fields()
        {
            var fields = new List<(int, ReadOnlyMemory<byte>)>();
            for (var at = 0; at < _body.Length;)
            {
                var tag = (int)Number(ref at);
                var length = (tag & 7) switch
                {
                    0 => 0,
                    1 => 8,
                    2 => (int)Number(ref at),
                    5 => 4,
                    var type => throw new InvalidDataException($"Wire type {type} is none."),
                };
                if ((tag & 7) == 0)
                    Number(ref at);
                if ((tag & 7) == 2)
                    fields.Add((tag >> 3, _body.Slice(at, length)));
                at += length;
            }
            return fields;
        }

        private ulong Number(ref int at)
        {
            ulong number = 0;
            for (var shift = 0; ; shift += 7)
            {
                var next = _body.Span[at++];
                number |= (ulong)(next & 0x7f) << shift;
                if (next < 0x80)
                    return number;
            }
        }
    }
}
