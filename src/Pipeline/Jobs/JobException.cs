using HieraVid.Models;
using HieraVid.Pruning;
using HieraVid.Video;

namespace HieraVid.Pipeline.Jobs;

/// <summary>A job that cannot be done. The message is one sentence for the user.</summary>
public sealed class JobException : Exception
{
    private JobException(string message, bool isUsersMistake) : base(message) => IsUsersMistake = isUsersMistake;

    /// <summary>Whether the input is to blame, not this software or the machine.</summary>
    public bool IsUsersMistake { get; }

    /// <summary>The user's mistake: what is wrong and what to do.</summary>
    public static JobException Bad(string sentence) => new(sentence, isUsersMistake: true);

    /// <summary>Not the user's doing: what went wrong and what to do.</summary>
    public static JobException Ours(string sentence) => new(sentence, isUsersMistake: false);

    internal static JobException From(JobFault fault) => new(fault.Reason, fault.IsUsersMistake);
}

/// <summary>A job that was cancelled.</summary>
/// <param name="kept">Finished chunks that wait in the token store for a run that resumes the job.</param>
/// <param name="chunks">Chunks in all.</param>
/// <param name="cancellation">What cancelled it.</param>
public sealed class JobCancelledException(int kept, int chunks, CancellationToken cancellation)
    : OperationCanceledException(cancellation)
{
    /// <inheritdoc/>
    public override string Message => kept == 0
        ? "Cancelled; nothing was left behind."
        : $"Cancelled; {kept} of {chunks} chunks are kept: go on from them with --resume.";
}

/// <summary>Why a job failed.</summary>
/// <param name="Reason">One sentence that a user can act on.</param>
/// <param name="IsUsersMistake">Whether the input is to blame.</param>
public sealed record JobFault(string Reason, bool IsUsersMistake)
{
    /// <summary>What an exception means for the job; null for one that is a defect of ours and must surface as it is.</summary>
    public static JobFault? Of(Exception exception) => exception switch
    {
        JobException e => new JobFault(e.Message, e.IsUsersMistake),
        VideoException e => new JobFault(e.Message, e.IsUsersMistake),
        PruningException e => new JobFault(e.Message, IsUsersMistake: true),
        ModelException e => new JobFault(e.Message, IsUsersMistake: true),
        _ => null,
    };
}
