using TorchSharp;
using static TorchSharp.torch;

namespace HieraVid.Torch.Tests;

public class DeviceAuditTests
{
    [Fact]
    public void Operations_are_seen_by_name_and_device_while_it_lives()
    {
        Assert.SkipUnless(DeviceAudit.IsAvailable, "the TorchSharp package does not show its operations");
        using var scope = NewDisposeScope();
        // Other tests run beside this one: only a shape of its own tells which results are this test's.
        DeviceAudit audit;
        using (audit = new DeviceAudit())
        {
            var here = ones([3, 5]);
            _ = here.matmul(here.transpose(0, 1));
            _ = here.to(device("meta")).silu();
            _ = nn.functional.linear(here, here);
        }
        _ = ones([2, 2]).to(device("meta")).sqrt();
        Assert.Contains(audit.Operations, seen => seen is { Operation: "matmul", Device: DeviceType.CPU, Computes: true });
        Assert.Contains(audit.Operations, seen => seen is { Operation: "linear", Device: DeviceType.CPU, Computes: true });
        Assert.Equal(("silu", 1, 60), Assert.Single(audit.Operations.Where(seen => seen.Device == DeviceType.META && seen.Computes)
            .Select(seen => (seen.Operation, seen.Count, seen.Bytes))));
        Assert.Contains(audit.Operations, seen => seen is { Operation: "to", Device: DeviceType.META, Computes: false });
    }
}
