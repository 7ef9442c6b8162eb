using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using HieraVid.Contracts;
using HieraVid.Pipeline.Jobs;
using HieraVid.Pipeline.Stages;

namespace HieraVid.Client.Cluster;

/// <summary>The jobs of a cluster over HTTP: an ingress silo answers.</summary>
/// <param name="address">Where one is.</param>
internal sealed class ClusterApi(Uri address) : IDisposable
{
    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web);

    // A watch lasts as long as the job.
    private readonly HttpClient _http = new() { BaseAddress = address, Timeout = Timeout.InfiniteTimeSpan };

    internal Task SubmitAsync(SubmitVideoJob job, CancellationToken cancellation) =>
        AskAsync(http => http.PostAsJsonAsync("jobs", job, cancellation), cancellation);

    internal async Task<IReadOnlyList<JobView>> JobsAsync(int most, CancellationToken cancellation) =>
        await ReadAsync<List<JobView>>(http => http.GetAsync(new Uri($"jobs?most={most}", UriKind.Relative), cancellation), cancellation).ConfigureAwait(false);

    internal Task<JobView> JobAsync(Guid id, CancellationToken cancellation) =>
        ReadAsync<JobView>(http => http.GetAsync(new Uri($"jobs/{id:N}", UriKind.Relative), cancellation), cancellation);

    internal Task<JobView> CancelAsync(Guid id, CancellationToken cancellation) =>
        ReadAsync<JobView>(http => http.PostAsync(new Uri($"jobs/{id:N}/cancel", UriKind.Relative), null, cancellation), cancellation);

    /// <summary>The report, as the cluster stores it.</summary>
    internal async Task<JsonElement> ResultAsync(Guid id, CancellationToken cancellation) =>
        await ReadAsync<JsonElement>(http => http.GetAsync(new Uri($"jobs/{id:N}/result", UriKind.Relative), cancellation), cancellation).ConfigureAwait(false);

    /// <summary>What the HTML report is made of.</summary>
    internal async Task<KeptReport> ReportAsync(Guid id, CancellationToken cancellation)
    {
        using var response = await AskAsync(http => http.GetAsync(new Uri($"jobs/{id:N}/report", UriKind.Relative), cancellation), cancellation).ConfigureAwait(false);
        var body = await response.Content.ReadAsStreamAsync(cancellation).ConfigureAwait(false);
        await using (body.ConfigureAwait(false))
            return KeptReport.Read(body);
    }

    /// <summary>Pictures of frames of a job's video, by their times in seconds.</summary>
    internal Task<List<byte[]>> PicturesAsync(Guid id, double[] times, CancellationToken cancellation) =>
        ReadAsync<List<byte[]>>(http => http.PostAsJsonAsync(new Uri($"jobs/{id:N}/pictures", UriKind.Relative), times, cancellation), cancellation);

    /// <summary>Every change of a job, to its end.</summary>
    internal async IAsyncEnumerable<JobView> WatchAsync(
        Guid id, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        using var response = await AskAsync(http => http.GetAsync(
            new Uri($"jobs/{id:N}/watch", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead, cancellation), cancellation).ConfigureAwait(false);
        var body = await response.Content.ReadAsStreamAsync(cancellation).ConfigureAwait(false);
        await foreach (var view in JsonSerializer.DeserializeAsyncEnumerable<JobView>(body, s_json, cancellation).ConfigureAwait(false))
        {
            if (view is not null)
                yield return view;
        }
    }

    public void Dispose() => _http.Dispose();

    private async Task<T> ReadAsync<T>(Func<HttpClient, Task<HttpResponseMessage>> ask, CancellationToken cancellation)
    {
        using var response = await AskAsync(ask, cancellation).ConfigureAwait(false);
        return (await response.Content.ReadFromJsonAsync<T>(s_json, cancellation).ConfigureAwait(false))!;
    }

    private async Task<HttpResponseMessage> AskAsync(Func<HttpClient, Task<HttpResponseMessage>> ask, CancellationToken cancellation)
    {
        try
        {
            var response = await ask(_http).ConfigureAwait(false);
            if (response.IsSuccessStatusCode)
                return response;
            using (response)
                throw await Refused(response, cancellation).ConfigureAwait(false);
        }
        catch (HttpRequestException e)
        {
            throw JobException.Bad($"The cluster at {address} cannot be reached ({e.Message.TrimEnd('.')}): start a silo with the role ingress, or name another with --cluster.");
        }
    }

    private async Task<JobException> Refused(HttpResponseMessage response, CancellationToken cancellation)
    {
        if (response.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.Conflict
            && response.Content.Headers.ContentType?.MediaType == "application/json")
        {
            var body = await response.Content.ReadFromJsonAsync<Refusal>(s_json, cancellation).ConfigureAwait(false);
            return JobException.Bad(body?.Reason ?? "");
        }
        return JobException.Bad($"The cluster at {address} answered {(int)response.StatusCode} ({response.ReasonPhrase}); look at the silo's log.");
    }

    private sealed record Refusal(string Reason);
}

/// <summary>A job as the cluster shows it.</summary>
internal sealed record JobView
{
    public required string Id { get; init; }

    public required string Phase { get; init; }

    public required string Video { get; init; }

    public required string Question { get; init; }

    public DateTimeOffset Submitted { get; init; }

    public DateTimeOffset? Ended { get; init; }

    public bool IsOver { get; init; }

    public int Chunks { get; init; }

    public int Decoded { get; init; }

    public int Encoded { get; init; }

    public int Pieces { get; init; }

    public int Applied { get; init; }

    public StageView? Stage { get; init; }

    public string Text { get; init; } = "";

    public string? Fault { get; init; }

    public bool IsUsersMistake { get; init; }
}

/// <summary>A stage of a job as the cluster shows it.</summary>
internal sealed record StageView(string Stage, int Done, int Total, string Note);
