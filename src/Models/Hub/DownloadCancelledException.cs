namespace HieraVid.Models.Hub;

/// <summary>A download was cancelled; what was fetched stays.</summary>
/// <param name="cause">What ended it.</param>
/// <param name="cancellation">Who ended it.</param>
public sealed class DownloadCancelledException(Exception cause, CancellationToken cancellation)
    : OperationCanceledException("Cancelled; what was fetched stays: run it again to go on from there.", cause, cancellation);
