using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;
using Mono.Cecil;
using Mono.Cecil.Cil;

namespace HieraVid.Build;

/// <summary>
/// Copies TorchSharp.dll so that every method keeps its tensors and scalars alive until it returns.
/// <para>
/// The package's methods take the native handles of their arguments and forget the arguments: in <c>x + y</c> the factor 1, in
/// <c>x * 0.5</c> the half. A garbage collection meanwhile on another thread frees them while libtorch reads them. On a busy
/// machine that was seen as an error of libtorch's in one of some hundred runs of a test; it could as well be a wrong number.
/// Each <c>return</c> is preceded by <see cref="GC.KeepAlive"/>, which costs nothing.
/// </para>
/// </summary>
public sealed class KeepsArgumentsAlive : Task
{
    private static readonly string[] s_owners = ["TorchSharp.torch/Tensor", "TorchSharp.Scalar"];

    // By the name of the short form: br.s, leave.s, ….
    private static readonly Dictionary<string, OpCode> s_long = typeof(OpCodes).GetFields()
        .Select(field => (OpCode)field.GetValue(null)!)
        .Where(code => code.OperandType == OperandType.InlineBrTarget)
        .ToDictionary(code => code.Name + ".s");

    /// <summary>The package's assembly.</summary>
    [Required]
    public string Library { get; set; } = "";

    /// <summary>Where the copy goes.</summary>
    [Required]
    public string Copy { get; set; } = "";

    /// <inheritdoc/>
    public override bool Execute()
    {
        using var module = ModuleDefinition.ReadModule(Library);
        var runtime = module.AssemblyReferences.First(reference => reference.Name == "System.Runtime");
        var keep = new MethodReference("KeepAlive", module.TypeSystem.Void, new TypeReference("System", "GC", module, runtime));
        keep.Parameters.Add(new ParameterDefinition(module.TypeSystem.Object));
        var methods = module.GetTypes().SelectMany(type => type.Methods)
            .Count(method => method.HasBody && KeepAlive(method, keep));
        if (methods < 1000)
        {
            Log.LogError($"{Library} is not the library that this build step knows ({methods} methods take tensors or scalars); look at {nameof(KeepsArgumentsAlive)}.cs.");
            return false;
        }
        Directory.CreateDirectory(Path.GetDirectoryName(Copy)!);
        module.Write(Copy);
        return true;
    }

    private static bool KeepAlive(MethodDefinition method, MethodReference keep)
    {
        var owned = method.Parameters.Where(parameter => s_owners.Contains(parameter.ParameterType.FullName)).ToList();
        if (method.HasThis && !method.IsConstructor && method.Name != "Finalize" && s_owners.Contains(method.DeclaringType.FullName))
            owned.Add(method.Body.ThisParameter);
        if (owned.Count == 0)
            return false;
        // Code grows: a branch may become too long for its short form.
        foreach (var branch in method.Body.Instructions.Where(instruction => instruction.OpCode.OperandType == OperandType.ShortInlineBrTarget))
            branch.OpCode = s_long[branch.OpCode.Name];
        var il = method.Body.GetILProcessor();
        foreach (var leave in method.Body.Instructions.Where(instruction => instruction.OpCode == OpCodes.Ret).ToList())
        {
            var last = leave;
            foreach (var parameter in owned)
            {
                // The first takes the place of the return itself, to which others may branch.
                var load = Instruction.Create(OpCodes.Ldarg, parameter);
                if (last == leave)
                    (leave.OpCode, leave.Operand) = (load.OpCode, load.Operand);
                else
                    il.InsertAfter(last, load);
                last = last == leave ? leave : load;
                var call = Instruction.Create(OpCodes.Call, keep);
                il.InsertAfter(last, call);
                last = call;
            }
            il.InsertAfter(last, Instruction.Create(OpCodes.Ret));
        }
        return true;
    }
}
