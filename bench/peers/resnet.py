"""torchvision's ResNet-18 and -50 without their classifier, from torch alone: the same layers, names and places of ReLU."""
from torch import nn


def normalized(inputs, outputs, kernel, stride=1):
    """A convolution and its BatchNorm."""
    return nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False), nn.BatchNorm2d(outputs)


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.relu = nn.ReLU(inplace=True)
        same = stride == 1 and inputs == outputs
        self.downsample = None if same else nn.Sequential(*normalized(inputs, outputs, 1, stride))

    def add(self, y, x):
        y += x if self.downsample is None else self.downsample(x)
        return self.relu(y)


class BasicBlock(Block):
    expansion = 1

    def __init__(self, inputs, width, stride):
        super().__init__(inputs, width, stride)
        self.conv1, self.bn1 = normalized(inputs, width, 3, stride)
        self.conv2, self.bn2 = normalized(width, width, 3)

    def forward(self, x):
        return self.add(self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x))))), x)


class Bottleneck(Block):
    """Its stride is in the 3x3 convolution."""

    expansion = 4

    def __init__(self, inputs, width, stride):
        super().__init__(inputs, 4 * width, stride)
        self.conv1, self.bn1 = normalized(inputs, width, 1)
        self.conv2, self.bn2 = normalized(width, width, 3, stride)
        self.conv3, self.bn3 = normalized(width, 4 * width, 1)

    def forward(self, x):
        y = self.relu(self.bn1(self.conv1(x)))
        y = self.relu(self.bn2(self.conv2(y)))
        return self.add(self.bn3(self.conv3(y)), x)


class ResNet(nn.Module):
    """Images to features of `features` numbers. `stem`: imagenet (7x7/2 and pooling), stride2 (3x3/2), cifar (3x3)."""

    def __init__(self, block, depths, stem='imagenet', width=64):
        super().__init__()
        self.conv1, self.bn1 = normalized(3, width, 7 if stem == 'imagenet' else 3, 1 if stem == 'cifar' else 2)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, 2, 1) if stem == 'imagenet' else nn.Identity()
        self.features = width
        for group, depth in enumerate(depths):
            blocks = []
            for i in range(depth):
                blocks.append(block(self.features, width << group, 2 if group > 0 and i == 0 else 1))
                self.features = (width << group) * block.expansion
            setattr(self, f'layer{group + 1}', nn.Sequential(*blocks))
        self.avgpool = nn.AdaptiveAvgPool2d(1)

    def forward(self, x):
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        return self.avgpool(self.layer4(self.layer3(self.layer2(self.layer1(x))))).flatten(1)


def resnet(arch, stem='imagenet', width=64):
    """`arch`: resnet18 or resnet50; `width`: channels of the stem."""
    return {
        'resnet18': lambda: ResNet(BasicBlock, [2, 2, 2, 2], stem, width),
        'resnet50': lambda: ResNet(Bottleneck, [3, 4, 6, 3], stem, width),
    }[arch]()
