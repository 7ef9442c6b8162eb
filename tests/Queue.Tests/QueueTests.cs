using System.Text;
using HieraVid.Contracts;
using HieraVid.Queue.Tests;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

[assembly: AssemblyFixture(typeof(Broker))]

namespace HieraVid.Queue.Tests;

/// <summary>The queue on a real broker.</summary>
public sealed class QueueTests(Broker broker) : IAsyncLifetime
{
    private static readonly QueueNames s_names = new("hieravid");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => new(broker.ReadyAsync());

    public ValueTask DisposeAsync() => default;

    [Fact]
    public async Task A_job_that_is_sent_three_times_is_one_job_and_nothing_stays_in_the_queue()
    {
        var host = await DeployedAsync();
        var intake = new Intake();
        using var silo = await SiloAsync(host, intake);
        await using var client = await ClientAsync(host);
        var job = Job();
        for (var i = 0; i < 3; i++)
            await client.SubmitAsync(job, Cancellation);
        await intake.ReturnedAsync(3);
        Assert.Equal([job.JobId], intake.Jobs);
        await silo.StopAsync(Cancellation);
        Assert.Equal(0u, await CountAsync(host, s_names.Submit));
    }

    [Fact]
    public async Task What_was_not_written_down_comes_again_and_a_restart_of_the_broker_loses_nothing()
    {
        var host = await DeployedAsync();
        await using var client = await ClientAsync(host);
        List<SubmitVideoJob> jobs = [.. Enumerable.Range(0, 20).Select(_ => Job())];
        foreach (var job in jobs)
            await client.SubmitAsync(job, Cancellation);
        // Four are with the silo, which has not written them down when the broker goes away; the others are on its disk.
        var written = new TaskCompletionSource();
        using var taken = new SemaphoreSlim(0);
        var intake = new Intake(_ =>
        {
            taken.Release();
            return written.Task;
        });
        using var silo = await SiloAsync(host, intake, prefetch: 4);
        for (var i = 0; i < 4; i++)
            Assert.True(await taken.WaitAsync(TimeSpan.FromSeconds(30), Cancellation));
        await broker.RestartAsync();
        written.SetResult();
        await intake.ReturnedAsync(24);
        Assert.Equal(jobs.Select(job => job.JobId).Order(), intake.Jobs.Order());
    }

    [Fact]
    public async Task What_cannot_be_taken_goes_to_the_error_queue_with_the_reason_and_does_not_hold_up_the_others()
    {
        var host = await DeployedAsync();
        var poison = Job();
        var intake = new Intake(job => job.JobId == poison.JobId ? throw new IOException("the database is on fire") : Task.CompletedTask);
        using var silo = await SiloAsync(host, intake);
        await using var client = await ClientAsync(host);
        await client.SubmitAsync(poison, Cancellation);
        var good = Job();
        await client.SubmitAsync(good, Cancellation);
        // Once and twice more for the one, once for the other.
        await intake.ReturnedAsync(4);
        Assert.Equal([good.JobId], intake.Jobs);
        Assert.Equal(3, intake.Calls.Count(id => id == poison.JobId));
        var (text, reason) = await TakeAsync(host, QueueNames.ErrorsOf(s_names.Submit));
        Assert.Contains($"{poison.JobId}", text, StringComparison.Ordinal);
        Assert.Equal("the database is on fire", reason);
    }

    [Theory]
    [InlineData("not JSON at all")]
    [InlineData("""{"messageType":["urn:message:HieraVid.Contracts:SubmitVideoJob"],"message":{"jobId":"7","question":"?"}}""")]
    [InlineData("""{"messageType":["urn:message:HieraVid.Contracts:SubmitVideoJob"],"message":{"question":"?"}}""")]
    [InlineData("""{"messageType":["urn:message:Some.Other:Message"],"message":{}}""")]
    public async Task What_cannot_be_read_goes_to_the_dead_letters_and_nobody_tries_again(string text)
    {
        var host = await DeployedAsync();
        var intake = new Intake();
        using var silo = await SiloAsync(host, intake);
        await using (var connection = await broker.ConnectAsync(host, Broker.Admin))
        await using (var channel = await connection.CreateChannelAsync(cancellationToken: Cancellation))
        {
            await channel.BasicPublishAsync(s_names.Submit, "", mandatory: true,
                new BasicProperties { ContentType = "application/vnd.masstransit+json" }, Encoding.UTF8.GetBytes(text), Cancellation);
        }
        var (dead, _) = await TakeAsync(host, QueueNames.DeadOf(s_names.Submit));
        Assert.Equal(text, dead);
        Assert.Empty(intake.Calls);
        await using var client = await ClientAsync(host);
        await client.SubmitAsync(Job(), Cancellation);
        await intake.ReturnedAsync(1);
    }

    [Fact]
    public async Task Failed_messages_are_shown_with_the_reason_and_go_back_when_it_is_mended()
    {
        var host = await DeployedAsync();
        var isBroken = true;
        var intake = new Intake(_ => isBroken ? throw new IOException("the disk is full") : Task.CompletedTask);
        using var silo = await SiloAsync(host, intake);
        await using var client = await ClientAsync(host);
        SubmitVideoJob[] jobs = [Job(), Job()];
        foreach (var job in jobs)
            await client.SubmitAsync(job, Cancellation);
        await using (var connection = await broker.ConnectAsync(host, Broker.Admin))
        await using (var channel = await connection.CreateChannelAsync(cancellationToken: Cancellation))
            await channel.BasicPublishAsync(s_names.Submit, "", mandatory: true, new BasicProperties { ContentType = "application/json" }, "nonsense"u8.ToArray(), Cancellation);
        var options = Options(host, Broker.Silo);
        IReadOnlyList<FailedMessage> failed = [];
        for (var i = 0; i < 300 && failed.Count < 3; i++)
        {
            await Task.Delay(100, Cancellation);
            failed = await FailedMessages.ListAsync(options, Cancellation);
        }
        Assert.Equal(jobs.Select(job => (Guid?)job.JobId).Order(), failed.Where(message => message.IsReadable).Select(message => message.Job).Order());
        Assert.All(failed.Where(message => message.IsReadable), message => Assert.Equal("the disk is full", message.Reason));
        Assert.Equal("nonsense", Assert.Single(failed, message => !message.IsReadable).Text);
        isBroken = false;
        await intake.ReturnedAsync(6);
        Assert.Equal(2, await FailedMessages.RequeueAsync(options, Cancellation));
        await intake.ReturnedAsync(2);
        Assert.Equal(jobs.Select(job => job.JobId).Order(), intake.Jobs.Order());
        Assert.False(Assert.Single(await FailedMessages.ListAsync(options, Cancellation)).IsReadable);
    }

    [Fact]
    public async Task A_message_of_another_version_is_read_for_what_it_says()
    {
        var host = await DeployedAsync();
        SubmitVideoJob? read = null;
        var intake = new Intake(job =>
        {
            read = job;
            return Task.CompletedTask;
        });
        using var silo = await SiloAsync(host, intake);
        await using var connection = await broker.ConnectAsync(host, Broker.Admin);
        await using var channel = await connection.CreateChannelAsync(cancellationToken: Cancellation);
        const string Text = """
            {"messageType":["urn:message:HieraVid.Contracts:SubmitVideoJob"],"message":{"jobId":"8f0d1f1c-5a53-4a0f-9a50-bd4bb2bcf4a1",
             "source":"store:videos/a","question":"?","addedLater":{"x":1}}}
            """;
        await channel.BasicPublishAsync(s_names.Submit, "", mandatory: true,
            new BasicProperties { ContentType = "application/vnd.masstransit+json" }, Encoding.UTF8.GetBytes(Text), Cancellation);
        await intake.ReturnedAsync(1);
        Assert.Equal(new Guid("8f0d1f1c-5a53-4a0f-9a50-bd4bb2bcf4a1"), read!.JobId);
        Assert.Equal((256, 0.3, JobPriority.Normal), (read.MaxTokens, read.Budget, read.Priority));
    }

    [Fact]
    public async Task Urgent_jobs_are_taken_first()
    {
        var host = await DeployedAsync();
        await using var client = await ClientAsync(host);
        SubmitVideoJob[] jobs = [Job(JobPriority.Low), Job(JobPriority.Normal), Job(JobPriority.High), Job(JobPriority.Normal)];
        foreach (var job in jobs)
            await client.SubmitAsync(job, Cancellation);
        var intake = new Intake();
        using var silo = await SiloAsync(host, intake, prefetch: 1);
        await intake.ReturnedAsync(4);
        Assert.Equal([jobs[2].JobId, jobs[1].JobId, jobs[3].JobId, jobs[0].JobId], intake.Calls);
    }

    [Fact]
    public async Task Who_watches_a_job_hears_of_it_and_of_no_other()
    {
        var host = await DeployedAsync();
        using var silo = await SiloAsync(host, new Intake());
        await using var client = await ClientAsync(host);
        var (job, other) = (Job(), Job());
        var events = silo.Services.GetRequiredService<JobEvents>();
        var heard = new List<VideoJobEvent>();
        var watching = new TaskCompletionSource();
        var watch = Task.Run(async () =>
        {
            await foreach (var happened in client.WatchAsync(job.JobId, watching.SetResult, Cancellation))
                heard.Add(happened);
        }, Cancellation);
        await watching.Task.WaitAsync(TimeSpan.FromSeconds(30), Cancellation);
        await client.SubmitAsync(other, Cancellation);
        foreach (var id in new[] { other.JobId, job.JobId })
        {
            await events.PublishAsync(new VideoJobAccepted { JobId = id, Sequence = 1 }, Cancellation);
            await events.PublishAsync(new VideoJobProgress { JobId = id, Sequence = 2, Stage = "generate", Text = "A red", TextStart = 0 }, Cancellation);
            await events.PublishAsync(new VideoJobCompleted { JobId = id, Sequence = 3, Answer = "A red ball.", Finish = "stop" }, Cancellation);
        }
        await watch.WaitAsync(TimeSpan.FromSeconds(30), Cancellation);
        Assert.All(heard, happened => Assert.Equal(job.JobId, happened.JobId));
        Assert.Equal([1, 2, 3], heard.Select(happened => happened.Sequence));
        Assert.Equal("A red", Assert.IsType<VideoJobProgress>(heard[1]).Text);
    }

    [Fact]
    public async Task Who_comes_late_is_told_all_of_it()
    {
        var host = await DeployedAsync();
        var (job, events) = (Job(), (JobEvents?)null);
        var intake = new Intake(tell: async question =>
        {
            await events!.PublishAsync(new VideoJobProgress { JobId = question.JobId, Sequence = 5, Stage = "generate", Text = "A red " }, Cancellation);
            // A piece is lost, and the next one shows it: the reader asks again and is told the end.
            await events.PublishAsync(new VideoJobProgress { JobId = question.JobId, Sequence = 7, Stage = "generate", Text = "l.", TextStart = 9 }, Cancellation);
        });
        using var silo = await SiloAsync(host, intake);
        events = silo.Services.GetRequiredService<JobEvents>();
        await using var client = await ClientAsync(host);
        var texts = new List<string>();
        await foreach (var reader in client.FollowAsync(job.JobId, cancellation: Cancellation))
        {
            texts.Add(reader.Text);
            if (texts.Count == 2)
                await events.PublishAsync(new VideoJobCompleted { JobId = job.JobId, Answer = "A red ball.", Finish = "stop" }, Cancellation);
        }
        Assert.Equal(["A red ", "A red ", "A red ball."], texts);
        Assert.All(intake.Asked, question => Assert.Equal(job.JobId, question.JobId));
    }

    [Fact]
    public async Task An_order_to_cancel_does_not_wait_behind_submitted_jobs()
    {
        var host = await DeployedAsync();
        var hold = new TaskCompletionSource();
        var intake = new Intake(_ => hold.Task);
        using var silo = await SiloAsync(host, intake, prefetch: 1);
        await using var client = await ClientAsync(host);
        var job = Job();
        await client.SubmitAsync(job, Cancellation);
        await client.CancelAsync(new CancelVideoJob { JobId = job.JobId, Reason = "asked to" }, Cancellation);
        await intake.ReturnedAsync(1);
        Assert.Equal("asked to", Assert.Single(intake.Cancelled).Reason);
        Assert.Empty(intake.Jobs);
        hold.SetResult();
        await intake.ReturnedAsync(1);
    }

    [Fact]
    public async Task A_job_for_a_queue_that_nobody_deployed_is_refused_not_lost()
    {
        await using var client = await ClientAsync(broker.Host());
        var refused = await Assert.ThrowsAsync<InvalidOperationException>(() => client.SubmitAsync(Job(), Cancellation));
        Assert.Contains("The broker has no queue hieravid-submit", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Users_can_neither_read_what_others_submit_nor_speak_for_the_cluster()
    {
        var host = await DeployedAsync();
        await using var connection = await broker.ConnectAsync(host, Broker.User);
        await using (var channel = await connection.CreateChannelAsync(cancellationToken: Cancellation))
        {
            var refused = await Assert.ThrowsAsync<OperationInterruptedException>(() => channel.BasicGetAsync(s_names.Submit, autoAck: true, Cancellation));
            Assert.Equal(403, refused.ShutdownReason!.ReplyCode);
        }
        await using (var channel = await connection.CreateChannelAsync(new CreateChannelOptions(true, true), Cancellation))
        {
            await Assert.ThrowsAnyAsync<Exception>(async () => await channel.BasicPublishAsync(s_names.Event(typeof(VideoJobCompleted)), "", "{}"u8.ToArray(), Cancellation));
            Assert.Equal(403, channel.CloseReason!.ReplyCode);
        }
    }

    private async Task<Uri> DeployedAsync()
    {
        var host = broker.Host();
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        await JobBus.DeployAsync(Options(host, Broker.Silo), limit.Token);
        return host;
    }

    private static async Task<IHost> SiloAsync(Uri host, Intake intake, int prefetch = 8)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Services.AddSingleton<IJobIntake>(intake);
        builder.Services.AddJobBus(Options(host, Broker.Silo) with { Prefetch = prefetch, Retries = 2, RetryMinimum = TimeSpan.FromMilliseconds(20) });
        var silo = builder.Build();
        await silo.StartAsync(Cancellation);
        return silo;
    }

    private static Task<JobBusClient> ClientAsync(Uri host) => JobBusClient.ConnectAsync(Options(host, Broker.User), Cancellation);

    private static QueueOptions Options(Uri host, string user) => new() { Broker = host, User = user, Password = Broker.Password };

    private static SubmitVideoJob Job(JobPriority priority = JobPriority.Normal) =>
        new() { JobId = Guid.NewGuid(), Source = "store:videos/a", Question = "What happens?", Priority = priority };

    private async Task<uint> CountAsync(Uri host, string queue)
    {
        await using var connection = await broker.ConnectAsync(host, Broker.Admin);
        await using var channel = await connection.CreateChannelAsync(cancellationToken: Cancellation);
        return (await channel.QueueDeclarePassiveAsync(queue, Cancellation)).MessageCount;
    }

    // A message of a queue that does not exist before it gets its first one.
    private async Task<(string Text, string Reason)> TakeAsync(Uri host, string queue)
    {
        await using var connection = await broker.ConnectAsync(host, Broker.Admin);
        for (var i = 0; i < 300; i++)
        {
            await using var channel = await connection.CreateChannelAsync(cancellationToken: Cancellation);
            try
            {
                if (await channel.BasicGetAsync(queue, autoAck: true, Cancellation) is { } message)
                {
                    var reason = message.BasicProperties.Headers?.TryGetValue("MT-Fault-Message", out var value) is true ? value as byte[] ?? [] : [];
                    return (Encoding.UTF8.GetString(message.Body.Span), Encoding.UTF8.GetString(reason));
                }
            }
            catch (OperationInterruptedException e) when (e.ShutdownReason?.ReplyCode == 404)
            {
                // Not yet.
            }
            await Task.Delay(100, Cancellation);
        }
        Assert.Fail($"Nothing came to {queue}.");
        return default;
    }
}
