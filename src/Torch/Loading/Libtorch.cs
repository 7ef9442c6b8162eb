using System.Runtime.InteropServices;

namespace HieraVid.Torch.Loading;

/// <summary>How libtorch is loaded: which one, and how its threads and its memory behave.</summary>
public static partial class Libtorch
{
    /// <summary>The environment variable that names an unpacked libtorch to use in place of the package's, of the same version.</summary>
    public const string Variable = "LIBTORCH";

    private const string Version = "2.10";
    private const int CannotLoad = 2; // the user's to mend

    // Read once, when the libraries are loaded.
    private static readonly (string Name, string Value)[] s_settings =
    [
        // Threads of libtorch that wait for their next product must not hold the cores: other loops run in between, and on a
        // busy machine other programs. Spinning, the models' golden numbers took three to fifteen times as long.
        ("OMP_WAIT_POLICY", "PASSIVE"),
        // Activations of some megabytes are mapped anew for each layer; with huge pages that costs a 512th of the faults.
        ("THP_MEM_ALLOC_ENABLE", "1"),
    ];

    // mallopt's. A forward pass allocates and frees the same few activations of 1 to 100 MB in each layer; mapped anew each time,
    // every page of them faults and is zeroed again: a copy of 61 MB took 160 ms instead of 8.
    private static readonly (int Parameter, int Value)[] s_memory =
    [
        (-4, 0), // M_MMAP_MAX: no block is mapped by itself
        (-1, 512 << 20), // M_TRIM_THRESHOLD: so much stays at the heap's end
        (-2, 64 << 20), // M_TOP_PAD: it grows by so much
    ];

    // Each finds those before it by name; libtorch_cuda is there in a CUDA build only.
    private static readonly string[] s_libraries = ["libc10.so", "libtorch_cpu.so", "libc10_cuda.so", "libtorch_cuda.so", "libtorch.so"];

    /// <summary>
    /// Called when a program starts, before its first tensor. Costs next to nothing: libraries are loaded when TorchSharp is.
    /// What the environment sets already stays.
    /// </summary>
    public static void Prepare()
    {
        foreach (var (name, value) in s_settings)
            if (Environment.GetEnvironmentVariable(name) is null)
                _ = SetVariable(name, value, 0);
        foreach (var (parameter, value) in s_memory)
            _ = SetMemory(parameter, value);
        AppDomain.CurrentDomain.AssemblyLoad += (_, loaded) =>
        {
            if (loaded.LoadedAssembly.GetName().Name != "TorchSharp"
                || Load(Environment.GetEnvironmentVariable(Variable), AppContext.BaseDirectory) is not { } reason)
                return;
            // .NET swallows an exception here, and TorchSharp would go on to look elsewhere, print what it finds, and copy
            // half a gigabyte.
            Console.Error.WriteLine(reason);
            Environment.Exit(CannotLoad);
        };
    }

    /// <summary>
    /// Loads libtorch's libraries and TorchSharp's own, which TorchSharp then finds in memory. Left to itself it would find a
    /// system's libtorch, of whatever version, before the one beside it.
    /// </summary>
    /// <param name="given">An unpacked libtorch: it or its folder lib holds libtorch.so. Null or empty for the package's.</param>
    /// <param name="program">The program's folder, with the package's in its folder libtorch unless that is the CUDA package.</param>
    /// <returns>Null, or a sentence that says what does not load, why, and what to do.</returns>
    internal static string? Load(string? given, string program)
    {
        var isGiven = !string.IsNullOrEmpty(given);
        var otherwise = isGiven ? $"unset {Variable} to use the package's" : "delete the folder artifacts to build anew";
        var folder = isGiven ? new[] { Path.Combine(given!, "lib"), given! }.FirstOrDefault(lib => File.Exists(Path.Combine(lib, "libtorch.so")))
            : Path.Combine(program, "libtorch");
        if (folder is null)
            return $"{Variable}={given} holds no libtorch (lib/libtorch.so): unpack libtorch {Version} there, or {otherwise}.";
        foreach (var library in s_libraries.Select(name => Path.Combine(folder, name)).Append(Path.Combine(program, "libLibTorchSharp.so")).Where(File.Exists))
        {
            try
            {
                NativeLibrary.Load(library);
            }
            catch (Exception exception) when (exception is DllNotFoundException or BadImageFormatException)
            {
                return $"{library} does not load ({FirstLine(exception)}): use libtorch {Version} for this system, or {otherwise}.";
            }
        }
        return null;
    }

    private static string FirstLine(Exception exception) => exception.Message.Split('\n')[0].TrimEnd('.', ' ');

    [LibraryImport("libc", EntryPoint = "mallopt")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static partial int SetMemory(int parameter, int value);

    // .NET's own Environment keeps a copy that native libraries do not see.
    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static partial int SetVariable(string name, string value, int overwrite);
}
