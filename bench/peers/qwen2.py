"""The Qwen2 decoder in plain PyTorch, bfloat16, one sequence."""
import torch
import torch.nn.functional as F

import checkpoint

VISUAL_TOKENS, TEXT_TOKENS = 32 * 196, 32
QUERY_BLOCK = 256


class Cache:
    """Keys and values with room for the whole run, so that a step copies only its own token."""

    def __init__(self, config, room):
        shape = (config["num_key_value_heads"], room, config["hidden_size"] // config["num_attention_heads"])
        layers = config["num_hidden_layers"]
        self.keys = [torch.empty(shape, dtype=torch.bfloat16) for _ in range(layers)]
        self.values = [torch.empty(shape, dtype=torch.bfloat16) for _ in range(layers)]
        self.length = 0


class Qwen2:
    def __init__(self, folder, layers=None):
        self.config = checkpoint.config(folder)
        self.weights = checkpoint.load(folder, "model.")
        self.weights = {k: w for k, w in self.weights.items() if not k.startswith(("vision_tower", "mm_projector"))}
        self.layers = layers or self.config["num_hidden_layers"]

    def prompt(self):
        ids = torch.arange(VISUAL_TOKENS + TEXT_TOKENS) * 7919 % self.config["vocab_size"]
        return self.embed(ids)

    def embed(self, ids):
        return F.embedding(ids, self.weights["embed_tokens.weight"])

    def norm(self, x, name):
        wide = x.float()
        return (wide * torch.rsqrt(wide.pow(2).mean(-1, keepdim=True) + self.config["rms_norm_eps"])).to(x.dtype) \
            * self.weights[name]

    def forward(self, x, cache, attention):
        """[T, hidden] through the layers, the tokens appended to the cache; attention is full, blocked or step."""
        c = self.config
        heads, kv_heads = c["num_attention_heads"], c["num_key_value_heads"]
        size = c["hidden_size"] // heads
        tokens, start = x.shape[0], cache.length
        inverse = 1.0 / c["rope_theta"] ** (torch.arange(0, size, 2).float() / size)
        angles = torch.arange(start, start + tokens).float()[:, None] * inverse
        angles = torch.cat([angles, angles], -1)
        cos, sin = angles.cos().to(x.dtype), angles.sin().to(x.dtype)
        for i in range(self.layers):
            p = f"layers.{i}."
            w = {k: self.weights.get(p + k) for k in (
                "self_attn.q_proj.weight", "self_attn.q_proj.bias", "self_attn.k_proj.weight", "self_attn.k_proj.bias",
                "self_attn.v_proj.weight", "self_attn.v_proj.bias", "self_attn.o_proj.weight",
                "mlp.gate_proj.weight", "mlp.up_proj.weight", "mlp.down_proj.weight")}
            h = self.norm(x, p + "input_layernorm.weight")

            def project(name, count):
                y = F.linear(h, w[f"self_attn.{name}_proj.weight"], w[f"self_attn.{name}_proj.bias"])
                return y.view(tokens, count, size).transpose(0, 1)
            q = rotate(project("q", heads), cos, sin)
            cache.keys[i][:, start:start + tokens] = rotate(project("k", kv_heads), cos, sin)
            cache.values[i][:, start:start + tokens] = project("v", kv_heads)
            k, v = cache.keys[i][:, :start + tokens], cache.values[i][:, :start + tokens]
            mixed = attention(q, k, v).transpose(0, 1).reshape(tokens, heads * size)
            x = x + F.linear(mixed, w["self_attn.o_proj.weight"])
            h = self.norm(x, p + "post_attention_layernorm.weight")
            h = F.silu(F.linear(h, w["mlp.gate_proj.weight"])) * F.linear(h, w["mlp.up_proj.weight"])
            x = x + F.linear(h, w["mlp.down_proj.weight"])
        cache.length += tokens
        return x

    def logits(self, x):
        """Of the last token."""
        return F.linear(self.norm(x[-1:], "norm.weight"), self.weights["embed_tokens.weight"])[0].float()


def rotate(x, cos, sin):
    half = x.shape[-1] // 2
    return x * cos + torch.cat([-x[..., half:], x[..., :half]], -1) * sin


def full(q, k, v):
    """The textbook: the whole [heads, T, T] matrix with a mask, softmax in float32."""
    group = q.shape[0] // k.shape[0]
    k, v = k.repeat_interleave(group, 0), v.repeat_interleave(group, 0)
    scores = q @ k.transpose(1, 2) * q.shape[-1] ** -0.5
    tokens, keys = q.shape[1], k.shape[1]
    scores += torch.full((tokens, keys), float("-inf"), dtype=q.dtype).triu(keys - tokens + 1)
    return F.softmax(scores, -1, dtype=torch.float32).to(q.dtype) @ v


def blocked(q, k, v):
    """Blocks of queries, each with the keys that it may see: what one writes when the matrix is too large."""
    group = q.shape[0] // k.shape[0]
    k, v = k.repeat_interleave(group, 0), v.repeat_interleave(group, 0)
    q = q * q.shape[-1] ** -0.5
    out = torch.empty(q.shape, dtype=q.dtype)
    tokens, keys = q.shape[1], k.shape[1]
    for begin in range(0, tokens, QUERY_BLOCK):
        end = min(begin + QUERY_BLOCK, tokens)
        seen = keys - tokens + end
        scores = q[:, begin:end] @ k[:, :seen].transpose(1, 2)
        mask = torch.full((end - begin, end - begin), float("-inf"), dtype=q.dtype).triu(1)
        scores[:, :, seen - (end - begin):] += mask
        out[:, begin:end] = F.softmax(scores, -1) @ v[:, :seen]
    return out


def step(q, k, v):
    """One query: the heads of a group are rows of one product."""
    heads, _, size = q.shape
    grouped = q.view(k.shape[0], heads // k.shape[0], size)
    scores = grouped @ k.transpose(1, 2) * size ** -0.5
    return (F.softmax(scores, -1, dtype=torch.float32).to(q.dtype) @ v).view(heads, 1, size)
