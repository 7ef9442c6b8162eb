namespace HieraVid.Grains;

/// <summary>Tells the world outside the cluster what becomes of jobs. Each may be told twice after a fault; the job's id tells.</summary>
public interface IJobNews
{
    /// <summary>A job was accepted.</summary>
    Task AcceptedAsync(JobStatus job);

    /// <summary>A job got on.</summary>
    /// <param name="job">Where it stands; its stage is the one that got on.</param>
    /// <param name="text">What was added to the answer; null for nothing.</param>
    Task ProgressAsync(JobStatus job, TextPiece? text);

    /// <summary>A job is over: completed, failed or cancelled.</summary>
    Task EndedAsync(JobStatus job);
}

/// <summary>Tells nobody.</summary>
internal sealed class NoNews : IJobNews
{
    public Task AcceptedAsync(JobStatus job) => Task.CompletedTask;

    public Task ProgressAsync(JobStatus job, TextPiece? text) => Task.CompletedTask;

    public Task EndedAsync(JobStatus job) => Task.CompletedTask;
}
