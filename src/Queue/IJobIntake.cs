using HieraVid.Contracts;

namespace HieraVid.Queue;

/// <summary>
/// Takes jobs from the queue; the silo does it with grains. A message is acknowledged when the call has returned and not
/// before, so the call returns when the job is written down, and does no work beyond that. Any message may come again, also
/// while an earlier one of the same job is being taken.
/// </summary>
public interface IJobIntake
{
    /// <summary>Writes a job down.</summary>
    /// <param name="job">The job, known or not. What cannot be done is written down too, and ends as a failed job.</param>
    /// <param name="cancellation">Ends it when the queue stops; the message comes again.</param>
    Task AcceptAsync(SubmitVideoJob job, CancellationToken cancellation);

    /// <summary>Ends a job; nothing happens to one that is over or not known.</summary>
    /// <param name="order">Which job, and why.</param>
    /// <param name="cancellation">Ends it when the queue stops; the message comes again.</param>
    Task CancelAsync(CancelVideoJob order, CancellationToken cancellation);

    /// <summary>Publishes where a job stands, or <see cref="VideoJobUnknown"/>.</summary>
    /// <param name="question">Which job.</param>
    /// <param name="cancellation">Ends it when the queue stops; the message comes again.</param>
    Task TellAsync(TellVideoJob question, CancellationToken cancellation);
}
