using System.CommandLine;
using System.Globalization;
using System.Runtime.InteropServices;
using HieraVid.Client.Cluster;
using HieraVid.Client.Commands;
using HieraVid.Models;
using HieraVid.Models.Hub;
using HieraVid.Pipeline;
using HieraVid.Pipeline.Jobs;
using HieraVid.Pruning;
using HieraVid.Torch;
using HieraVid.Video;

namespace HieraVid.Client;

/// <summary>The <c>hieravid</c> command line and its one rule for errors: a sentence on standard error and an exit code.</summary>
public static class CommandLine
{
    /// <summary>Everything went well.</summary>
    public const int Success = 0;

    /// <summary>A fault of this software or of the machine, or a verification that failed.</summary>
    public const int OurFault = 1;

    /// <summary>The input is wrong; the sentence says what to do.</summary>
    public const int UsersMistake = 2;

    /// <summary>Ended by Ctrl-C or a termination signal.</summary>
    public const int Interrupted = 130;

    /// <summary>Parses and runs one command line.</summary>
    /// <param name="args">The words after <c>hieravid</c>.</param>
    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync(string[] args)
    {
        // Numbers are written the same everywhere: with a German locale, "0.7" would be read as 7.
        CultureInfo.DefaultThreadCurrentCulture = CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
        var verbose = new Option<bool>("--verbose") { Description = "Show the stack trace of an error.", Recursive = true };
        var root = new RootCommand("""
            HieraVid answers questions about long videos with Video LLMs.

            Examples:
              hieravid demo
              hieravid ask talk.mp4 "What does the speaker hold?" --model ~/models/llava-onevision-7b

            A process of a cluster is a program of its own, which ./hieravid silo starts (./hieravid silo --help).
            """)
        {
            verbose, AskCommand.Create(), CompareCommand.Create(), EvalCommand.Create(), DemoCommand.Create(), ModelCommand.Create(),
            DoctorCommand.Create(), VerifyCommand.Create(), GpuCheckCommand.Create(), FlopsCommand.Create(),
            SubmitCommand.Create(), WatchCommand.Create(), JobsCommand.Create(), CancelCommand.Create(), ResultCommand.Create(),
        };
        var parsed = root.Parse(args);
        if (parsed.Errors.Count > 0)
        {
            await Console.Error.WriteLineAsync(UsageError.Explain(parsed)).ConfigureAwait(false);
            return UsersMistake;
        }

        using var interrupt = new CancellationTokenSource();
        using var onCtrlC = PosixSignalRegistration.Create(PosixSignal.SIGINT, signal => Interrupt(signal, interrupt));
        using var onTerm = PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal => Interrupt(signal, interrupt));
        try
        {
            // Our own handling of exceptions and signals: the library's would print traces and end the process after 2 s.
            var settings = new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null };
            return await parsed.InvokeAsync(settings, interrupt.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException e)
        {
            await Console.Error.WriteLineAsync(e is JobCancelledException or DownloadCancelledException ? e.Message : "Cancelled; nothing was left behind.").ConfigureAwait(false);
            return Interrupted;
        }
        catch (Exception e)
        {
            return Explain(e, parsed.GetValue(verbose));
        }
    }

    private static int Explain(Exception e, bool verbose)
    {
        var (sentence, code) = e switch
        {
            VideoException video => (video.Message, video.IsUsersMistake ? UsersMistake : OurFault),
            ModelException model => (model.Message, model.IsUsersMistake ? UsersMistake : OurFault),
            PruningException pruning => (pruning.Message, UsersMistake),
            JobException job => (job.Message, job.IsUsersMistake ? UsersMistake : OurFault),
            IOException or UnauthorizedAccessException => (e.Message, UsersMistake),
            _ when ProcessMemory.IsUsedUp(e) => ("The memory is used up: take fewer --frames, --dtype bf16 or a smaller model.", OurFault),
            _ => ($"This is a defect of HieraVid: {e.GetType().Name}: {TensorError.Describe(e)} Run again with --verbose and report what it prints.", OurFault),
        };
        Console.Error.WriteLine(verbose ? $"{sentence}\n{e}" : sentence.ReplaceLineEndings(" "));
        return code;
    }

    private static void Interrupt(PosixSignalContext signal, CancellationTokenSource interrupt)
    {
        // The second signal ends the process at once.
        signal.Cancel = !interrupt.IsCancellationRequested;
        interrupt.Cancel();
    }
}
