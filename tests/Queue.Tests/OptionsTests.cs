using HieraVid.Contracts;
using MassTransit;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace HieraVid.Queue.Tests;

/// <summary>What needs no broker.</summary>
public sealed class OptionsTests
{
    [Fact]
    public async Task Without_a_broker_the_queue_is_in_the_process()
    {
        var intake = new Intake();
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Services.AddSingleton<IJobIntake>(intake);
        builder.Services.AddJobBus(new QueueOptions());
        using var silo = builder.Build();
        await silo.StartAsync(TestContext.Current.CancellationToken);
        Assert.False(silo.Services.GetRequiredService<IOptions<UsageTelemetryOptions>>().Value.Enabled);
        var job = new SubmitVideoJob { JobId = Guid.NewGuid(), Source = "store:videos/a", Question = "?" };
        var endpoint = await silo.Services.GetRequiredService<IBus>().GetSendEndpoint(new Uri("queue:hieravid-submit"));
        await endpoint.Send(job, TestContext.Current.CancellationToken);
        await intake.ReturnedAsync(1);
        Assert.Equal([job.JobId], intake.Jobs);
        await silo.Services.GetRequiredService<JobEvents>().PublishAsync(new VideoJobAccepted { JobId = job.JobId }, TestContext.Current.CancellationToken);
        await silo.StopAsync(TestContext.Current.CancellationToken);
    }

    [Fact]
    public void Options_that_cannot_be_are_refused_without_repeating_secrets()
    {
        Refused(new QueueOptions { Broker = new Uri("http://host") }, "is no amqp:// or amqps:// address");
        var message = Refused(new QueueOptions { Broker = new Uri("amqp://me:hidden@host/v") }, "holds a user or password");
        Assert.DoesNotContain("hidden", message, StringComparison.Ordinal);
        Refused(new QueueOptions { Prefix = "Hiera Vid" }, "prefix 'Hiera Vid'");
        Refused(new QueueOptions { Prefetch = 0 }, "prefetch 0 is out of range");
        Refused(new QueueOptions { Retries = -1 }, "retries -1 are out of range");
        Refused(new QueueOptions { RetryMaximum = TimeSpan.FromMinutes(5) }, "at most 30 s");
        Assert.DoesNotContain("hidden", new QueueOptions { Broker = new Uri("amqp://host/v"), Password = "hidden" }.ToString(), StringComparison.Ordinal);
    }

    private static string Refused(QueueOptions options, string why)
    {
        var message = Assert.Throws<ArgumentException>(options.Validate).Message;
        Assert.Contains(why, message, StringComparison.Ordinal);
        return message;
    }
}
