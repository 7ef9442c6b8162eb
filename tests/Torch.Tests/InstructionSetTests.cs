using System.Diagnostics;
using System.Security.Cryptography;
using static TorchSharp.torch;

namespace HieraVid.Torch.Tests;

/// <summary>The row loops on processors with fewer instructions than this one, which .NET can be told to be on.</summary>
public class InstructionSetTests
{
    private const string File = "HIERAVID_DIGEST_FILE";

    [Theory]
    [InlineData("DOTNET_EnableAVX512")]
    [InlineData("DOTNET_EnableAVX2")]
    [InlineData("DOTNET_EnableHWIntrinsic")]
    public async Task Without_them_the_results_are_the_same_bits(string without)
    {
        var file = Path.GetTempFileName();
        try
        {
            var start = new ProcessStartInfo(Environment.ProcessPath!)
            {
                ArgumentList = { "-method", $"{typeof(InstructionSetTests).FullName}.{nameof(They_have_a_digest)}", "-noLogo" },
                Environment = { [without] = "0", [File] = file },
                RedirectStandardOutput = true,
            };
            if (Path.GetFileNameWithoutExtension(start.FileName) == "dotnet")
                start.ArgumentList.Insert(0, typeof(InstructionSetTests).Assembly.Location);
            using var child = Process.Start(start)!;
            var output = await child.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
            await child.WaitForExitAsync(TestContext.Current.CancellationToken);
            Assert.True(child.ExitCode == 0, output);
            Assert.Equal(Digest(), await System.IO.File.ReadAllTextAsync(file, TestContext.Current.CancellationToken));
        }
        finally
        {
            System.IO.File.Delete(file);
        }
    }

    [Fact]
    public void They_have_a_digest()
    {
        var digest = Digest();
        Assert.Equal(64, digest.Length);
        if (Environment.GetEnvironmentVariable(File) is { } file)
            System.IO.File.WriteAllText(file, digest);
    }

    private static string Digest()
    {
        using var scope = NewDisposeScope();
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var type in new[] { ScalarType.Float32, ScalarType.BFloat16 })
        {
            var (x, y, w) = (Values(1, 6, 130).to(type), Values(2, 6, 130).to(type), Values(3, 130).to(type));
            var heads = x.view(6, 1, 130);
            var q = x.narrow(1, 0, 128).view(1, 6, 2, 64).transpose(1, 2);
            hash.AppendData(Activations.RmsNorm(x, w, 1e-6).bytes);
            hash.AppendData(Activations.SwiGlu(x, y).bytes);
            hash.AppendData(Activations.GeluTanh(x).bytes);
            hash.AppendData(Activations.Rotate(heads, Values(4, 6, 1, 65), Values(5, 6, 1, 65)).bytes);
            hash.AppendData(Products.Linear(x.narrow(0, 0, 1), y).bytes);
            // The last two of six queries: attention's own softmax.
            hash.AppendData(Attention.Forward(q.narrow(2, 4, 2), q, q, causal: true, 0.125).contiguous().bytes);
        }
        return Convert.ToHexString(hash.GetHashAndReset());
    }

    private static Tensor Values(int seed, params long[] shape)
    {
        var random = new Random(seed);
        return TensorData.From<float>([.. Enumerable.Range(0, (int)shape.Aggregate(1L, (a, b) => a * b)).Select(_ => random.NextSingle() * 4 - 2)], shape);
    }
}
