namespace HieraVid.Video;

/// <summary>Which parts of the sandbox around FFmpeg this machine offers.</summary>
/// <param name="HasClosedNetwork">FFmpeg runs in a network namespace of its own, without any interface.</param>
/// <param name="HasResourceLimits">The kernel enforces CPU time, address space and "no files written".</param>
public sealed record SandboxStatus(bool HasClosedNetwork, bool HasResourceLimits)
{
    /// <summary>Whether nothing is missing.</summary>
    public bool IsComplete => HasClosedNetwork && HasResourceLimits;

    /// <summary>What is missing, in words, or an empty string.</summary>
    public string Missing => (HasClosedNetwork, HasResourceLimits) switch
    {
        (true, true) => "",
        (false, true) => "a closed network (unshare -n)",
        (true, false) => "resource limits (prlimit)",
        _ => "a closed network (unshare -n) and resource limits (prlimit)",
    };
}
