namespace HieraVid.Grains;

/// <summary>Tells the world outside the cluster what becomes of jobs. Each may be told twice after a fault; the job's id tells.</summary>
public interface IJobNews
{
    /// <summary>A job was accepted.</summary>
    Task AcceptedAsync(JobStatus job);

    /// <summary>A job got on.</summary>
    Task ProgressAsync(JobStatus job);

    /// <summary>A job is over: completed, failed or cancelled.</summary>
    Task EndedAsync(JobStatus job);
}

/// <summary>Tells nobody.</summary>
internal sealed class NoNews : IJobNews
{
    public Task AcceptedAsync(JobStatus job) => Task.CompletedTask;

    public Task ProgressAsync(JobStatus job) => Task.CompletedTask;

    public Task EndedAsync(JobStatus job) => Task.CompletedTask;
}
