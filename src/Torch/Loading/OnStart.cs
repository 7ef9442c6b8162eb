using System.Runtime.CompilerServices;
using HieraVid.Torch.Loading;

/// <summary>Compiled into every program that uses tensors (Directory.Build.targets): runs before the program's first line.</summary>
internal static class OnStart
{
    [ModuleInitializer]
    internal static void PrepareLibtorch() => Libtorch.Prepare();
}
