namespace HieraVid.Grains;

/// <summary>What a silo does in the cluster.</summary>
[Flags]
public enum Roles
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Looks at videos and decodes them.</summary>
    Cpu = 1,

    /// <summary>Turns frames into tokens, and applies plans to them.</summary>
    Gpu = 2,

    /// <summary>Plans, runs the prompt and writes the answer.</summary>
    Prefill = 4,

    /// <summary>Takes jobs from the queue and over HTTP.</summary>
    Ingress = 8,

    /// <summary>Everything.</summary>
    All = Cpu | Gpu | Prefill | Ingress,
}
